#include "rehearsal/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace gennaker::rehearsal {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

RunReport report() {
  TestResult good{
      .place = {"a.test.yaml", 3}, .name = "fine # so far", .virtual_time = 76h, .real_time = 2ms};
  TestResult bad{.place = {"b.test.yaml", 9}, .name = "bad <&> \"x\"", .real_time = 1ms};
  bad.differences.push_back({{"b.test.yaml", 12}, "status", "SUCCEEDED", "TERMINAL: a\x01 < b"});
  bad.differences.push_back({{"b.test.yaml", 9}, "first line\nsecond line", "", ""});
  return {.results = {good, bad}, .real_time = 80ms};
}

TEST(Reports, TextIsForPeople) {
  std::ostringstream out;
  write_text(out, report(), Colours::no);
  EXPECT_EQ(out.str(),
            "ok     a.test.yaml: 1 passed\n"
            "failed b.test.yaml: 0 passed, 1 failed\n"
            "\n"
            "  bad <&> \"x\"\n"
            "    b.test.yaml:12: status\n"
            "      expected: SUCCEEDED\n"
            "      actual:   TERMINAL: a\x01 < b\n"
            "    b.test.yaml:9: first line\n"
            "    second line\n"
            "\n"
            "1 passed, 1 failed (0.08 s, 3d 4h of virtual time)\n");
  std::ostringstream coloured;
  write_text(coloured, report(), Colours::yes);
  EXPECT_THAT(coloured.str(), HasSubstr("\x1b[31m"));
}

TEST(Reports, JUnitIsWellFormed) {
  std::ostringstream out;
  write_junit(out, report());
  EXPECT_THAT(out.str(),
              HasSubstr("<testsuites name=\"gennaker test\" tests=\"2\" failures=\"1\" time=\"0.080\">"));
  EXPECT_THAT(out.str(), HasSubstr("name=\"bad &lt;&amp;&gt; &quot;x&quot;\""));
  EXPECT_THAT(out.str(), HasSubstr("a? &lt; b"));
}

TEST(Reports, TapEscapesAndExplains) {
  std::ostringstream out;
  write_tap(out, report());
  EXPECT_EQ(out.str(),
            "TAP version 14\n"
            "1..2\n"
            "ok 1 - a.test.yaml: fine \\# so far\n"
            "not ok 2 - b.test.yaml: bad <&> \"x\"\n"
            "  ---\n"
            "  at: \"b.test.yaml:9\"\n"
            "  message: |\n"
            "    b.test.yaml:12: status\n"
            "      expected: SUCCEEDED\n"
            "      actual:   TERMINAL: a\x01 < b\n"
            "    b.test.yaml:9: first line\n"
            "    second line\n"
            "  ...\n");
}

}  // namespace
}  // namespace gennaker::rehearsal
