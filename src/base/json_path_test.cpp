#include "base/json_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::base {
namespace {

constexpr std::string_view document = R"({
  "build": {"status": "done", "a b": [{"c": 1}, {"c": 2}]},
  "jobs": [{"name": "x", "size": 1, "status": "ok"}, {"name": "y", "size": 3, "status": "bad", "last": true},
           {"name": "it's", "size": 3}],
  "id": 7, "none": null})";

struct Case {
  std::string_view path, values;
  bool definite;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.path;
}
class JsonPath : public ::testing::TestWithParam<Case> {};

TEST_P(JsonPath, LeadsThere) {
  const json::value root = parse_json(document, "document");
  const PathResult found = follow_path(root, GetParam().path);
  json::array values;
  for (const json::value* value : found.values) values.push_back(*value);
  EXPECT_EQ(to_text(values), GetParam().values);
  EXPECT_EQ(found.definite, GetParam().definite);
}

INSTANTIATE_TEST_SUITE_P(
    Paths, JsonPath,
    ::testing::Values(
        Case{"$.build.status", R"(["done"])", true}, Case{"build.status", R"(["done"])", true},
        Case{"$['build']['a b'][0].c", "[1]", true}, Case{"$.build[\"a b\"][-1].c", "[2]", true},
        Case{"$.none", "[null]", true}, Case{"$.nowhere.at.all", "[]", true}, Case{"$.jobs[9]", "[]", true},
        Case{"$.jobs[*].size", "[1,3,3]", false}, Case{"$..c", "[1,2]", false},
        Case{"$.jobs[0:2].name", R"(["x","y"])", false}, Case{"$.jobs[1:].size", "[3,3]", false},
        Case{"$.jobs[0,2].size", "[1,3]", false}, Case{"$.jobs[0]['name','size']", R"(["x",1])", false},
        Case{"$.jobs[?(@.name=='y')].status", R"(["bad"])", false},
        Case{"$.jobs[?(@.name == 'it\\'s')].size", "[3]", false},
        Case{"$.jobs[?(@.size >= 3 && !(@.status == 'bad'))].name", R"(["it's"])", false},
        Case{"$.jobs[?(@.last)].name", R"(["y"])", false},
        Case{"$.jobs[?(@.size<2||@.last==true)].name", R"(["x","y"])", false},
        Case{"$.build.*[?(@.c > 1)].c", "[2]", false}, Case{"$..[?(@.last)].name", R"(["y"])", false}));

TEST(JsonPathErrors, NameTheColumn) {
  const json::value root = parse_json("{}", "document");
  for (const char* path :
       {"", "$.", "$[", "$.a[x]", "$.a['b", "$.a[?(@.x == )]", "$.a[?(@.x", "$a", "$.a]"}) {
    try {
      follow_path(root, path);
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::invalid);
      EXPECT_THAT(error.what(), ::testing::HasSubstr("column")) << path;
    }
  }
}

TEST(JsonPathErrors, GiveUpWhatNeverEnds) {
  json::value root = json::array();
  for (int i = 0; i < 60; ++i) root = json::array{root, 1};
  EXPECT_THROW(follow_path(root, "$..*..*..*..*..*"), Error);
  EXPECT_THROW(follow_path(root, "$." + std::string(2000, 'a')), Error);
}

}  // namespace
}  // namespace gennaker::base
