#include "rehearsal/matching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace gennaker::rehearsal {
namespace {

struct Case {
  std::string_view expected, actual;  ///< YAML and JSON; "-": there is none
  bool agrees;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.expected << " and " << c.actual;
}
class Matching : public ::testing::TestWithParam<Case> {};

TEST_P(Matching, Agrees) {
  const Located expected = parse_yaml(GetParam().expected, "a.yaml");
  const bool there = GetParam().actual != "-";
  const json::value actual = there ? base::parse_json(GetParam().actual, "this") : json::value();
  EXPECT_EQ(agrees(expected, there ? &actual : nullptr), GetParam().agrees);
}

INSTANTIATE_TEST_SUITE_P(
    Values, Matching,
    ::testing::Values(
        Case{"7", "7", true}, Case{"7", "7.0", true}, Case{"7", "\"7\"", false}, Case{"'7'", "\"7\"", true},
        Case{"007", "\"007\"", true}, Case{"true", "true", true}, Case{"~", "null", true},
        Case{"~", "-", false}, Case{"absent", "-", true}, Case{"absent", "1", false},
        Case{"'absent'", "\"absent\"", true}, Case{"present", "null", true},
        Case{"{a: 1}", R"({"a": 1, "b": 2})", true}, Case{"{a: 1, b: absent}", R"({"a": 1})", true},
        Case{"{a: 1}", "[]", false}, Case{"[1, {a: 2}]", R"([1, {"a": 2, "b": 3}])", true},
        Case{"[1]", "[1, 2]", false}, Case{"{exactly: {a: 1}}", R"({"a": 1, "b": 2})", false},
        Case{"{exactly: {matches: x}}", R"({"matches": "x"})", true},
        Case{"{matches: '^a.c$'}", "\"abc\"", true}, Case{"{matches: '^4'}", "404", true},
        Case{"{contains: b}", "\"abc\"", true}, Case{"{contains: {a: 1}}", R"([{"a": 1, "c": 2}])", true},
        Case{"{atLeast: 2, atMost: 4}", "3", true}, Case{"{atLeast: 2, atMost: 4}", "5", false},
        Case{"{atLeast: 2}", "\"3\"", false}, Case{"{anyOf: [1, 2]}", "2", true},
        Case{"{anyOf: [1, 2]}", "3", false}, Case{"{contains: 1, other: 2}", R"({"contains": 1})", false}));

TEST(Like, KnowsTheStar) {
  EXPECT_TRUE(like("http://*/jobs/*", "http://ci/jobs/7"));
  EXPECT_TRUE(like("*", ""));
  EXPECT_TRUE(like("a*b*c", "aXbXbc"));
  EXPECT_FALSE(like("a*b", "ac"));
  EXPECT_FALSE(like("a", "ab"));
}

}  // namespace
}  // namespace gennaker::rehearsal
