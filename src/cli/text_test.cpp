#include "cli/text.h"

#include <gtest/gtest.h>

namespace gennaker::cli {
namespace {

using namespace std::chrono_literals;

TEST(TextWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(width_of("abc"), 3u);
  EXPECT_EQ(width_of("é·…"), 3u);
  EXPECT_EQ(width_of("日本"), 4u);
  EXPECT_EQ(width_of("\xff\xc3"), 2u) << "what is no UTF-8 must not be read beyond its end";
}

TEST(TextFit, CutsWithAMark) {
  EXPECT_EQ(fit("abcdef", 6, true), "abcdef");
  EXPECT_EQ(fit("abcdef", 5, true), "abcd…");
  EXPECT_EQ(fit("abcdef", 5, false), "ab...");
  EXPECT_EQ(fit("日本語", 5, true), "日本…");
  EXPECT_EQ(fit("abcdef", 2, false), "..");
  EXPECT_EQ(fit("abc", 0, true), "");
}

TEST(DurationText, IsShort) {
  EXPECT_EQ(duration_text(0ms), "0.0s");
  EXPECT_EQ(duration_text(-5ms), "0.0s");
  EXPECT_EQ(duration_text(9'940ms), "9.9s");
  EXPECT_EQ(duration_text(59'999ms), "59s");
  EXPECT_EQ(duration_text(185s), "3m 05s");
  EXPECT_EQ(duration_text(7'380s), "2h 03m");
}

TEST(Words, OfNames) {
  EXPECT_EQ(words("waitForUpInstances"), "wait for up instances");
  EXPECT_EQ(words("wait_for_capacity"), "wait for capacity");
  EXPECT_EQ(words("monitorAWSTask"), "monitor AWSTask");
  EXPECT_EQ(words(""), "");
}

TEST(TableText, AlignsAndDefusesControlCharacters) {
  Table table({"NAME", "STATE", "X"});
  table.add({"web", "ok", "1"});
  table.add({"é\x1b[2J", "disabled", "22"}, 1, Colour::yellow);
  EXPECT_EQ(table.text(false),
            "NAME   STATE     X\n"
            "web    ok        1\n"
            "é [2J  disabled  22\n");
  EXPECT_NE(table.text(true).find("\x1b[33mdisabled\x1b[0m  22"), std::string::npos);
}

}  // namespace
}  // namespace gennaker::cli
