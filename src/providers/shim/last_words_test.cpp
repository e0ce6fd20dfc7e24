#include "providers/shim/last_words.h"

#include <gtest/gtest.h>

namespace gennaker::providers {
namespace {

std::string last_words_of(std::string_view output) {
  LastWords words;
  words.append(output);
  return words.text();
}

TEST(LastWordsOfAProgram, AreItsLastLineThatIsNotBlank) {
  EXPECT_EQ(last_words_of(""), "");
  EXPECT_EQ(last_words_of("\n \n"), "");
  EXPECT_EQ(last_words_of("starting\nno such table: users\n\n"), "no such table: users");
  EXPECT_EQ(last_words_of("one\ntwo without an end"), "two without an end");
}

TEST(LastWordsOfAProgram, AreReadableAndShort) {
  EXPECT_EQ(last_words_of("\x1b[1;31mERROR\x1b[0m\tbad\r\n"), "ERROR bad");
  EXPECT_EQ(last_words_of("caf\xc3\xa9 \xff\n"), "caf\xc3\xa9 \xef\xbf\xbd");
  std::string much(5000, 'x');
  much += '\n';
  EXPECT_EQ(last_words_of(much), std::string(200, 'x'));
  EXPECT_EQ(last_words_of("\x1b["), "");
}

TEST(LastWordsOfAProgram, ComeInPieces) {
  LastWords words;
  for (int i = 0; i < 10'000; ++i) words.append("line " + std::to_string(i) + "\n");
  words.append("the e");
  words.append("nd");
  EXPECT_EQ(words.text(), "the end");
  words.clear();
  EXPECT_EQ(words.text(), "");
}

}  // namespace
}  // namespace gennaker::providers
