#include "base/encoding.h"

#include <gtest/gtest.h>

namespace gennaker::base {
namespace {

TEST(Base64, GoesThereAndBack) {
  const std::pair<std::string, std::string> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"},
                                                       {"\xff\xfe\xfd", "//79"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

TEST(Base64, AcceptsTheUrlAlphabetLineBreaksAndMissingPadding) {
  EXPECT_EQ(from_base64("__79"), "\xff\xfe\xfd");
  EXPECT_EQ(from_base64("Zm9v\nYg"), "foob");
}

TEST(Base64, RefusesWhatIsNone) {
  for (const char* text : {"a", "Zm9v!", "Zg==Zg", "{\"a\": 1}"})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

// Source: RFC 4231, test case 2.
TEST(Hmac, IsTheStandardOne) {
  EXPECT_EQ(to_hex(*hmac("sha256", "Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac("md5", "key", ""), std::nullopt);
}

}  // namespace
}  // namespace gennaker::base
