#include "store/postgres/utf8.h"

#include <gtest/gtest.h>

namespace gennaker::store::postgres {
namespace {

struct Case {
  std::string_view name, text, stored;
};
void PrintTo(const Case& test, std::ostream* out) {
  *out << test.name;
}
class Utf8 : public testing::TestWithParam<Case> {};

TEST_P(Utf8, IsWhatIsStored) {
  std::string stored = "before ";
  append_utf8(stored, GetParam().text);
  EXPECT_EQ(stored, "before " + std::string(GetParam().stored));
}

using namespace std::string_view_literals;

INSTANTIATE_TEST_SUITE_P(
    Texts, Utf8,
    testing::Values(Case{"nothing", "", ""}, Case{"ASCII", "a text of some length", "a text of some length"},
                    Case{"all lengths", "aé€😀 and on", "aé€😀 and on"},
                    Case{"borders", "\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff",
                         "\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"},
                    Case{"a zero byte", "one\0two and three\0"sv, "one\ufffdtwo and three\ufffd"},
                    Case{"a byte alone", "12345678\xff", "12345678\ufffd"},
                    Case{"a lone surrogate", "a\xed\xa0\x80z", "a\ufffd\ufffd\ufffdz"},
                    Case{"overlong", "\xc0\xaf\xe0\x9f\xbf", "\ufffd\ufffd\ufffd\ufffd\ufffd"},
                    Case{"beyond the last", "\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"},
                    Case{"cut off", "ab\xe2\x82", "ab\ufffd\ufffd"}));

}  // namespace
}  // namespace gennaker::store::postgres
