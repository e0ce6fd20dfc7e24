#include "pipelines/validation.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::pipelines {
namespace {

struct Case {
  std::string_view name, stages, refused_field;  ///< no field: accepted
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class CheckGraph : public testing::TestWithParam<Case> {};

TEST_P(CheckGraph, NamesWhatItRefuses) {
  const auto config =
      base::parse_json_object("{\"stages\":" + std::string(GetParam().stages) + "}", "config");
  std::string field;
  try {
    check_graph(config);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::Kind::invalid);
    field = base::string_or(error.details(), "field", "?");
  }
  EXPECT_EQ(field, GetParam().refused_field);
}

INSTANTIATE_TEST_SUITE_P(
    Graphs, CheckGraph,
    testing::Values(
        Case{"none", "[]", ""}, Case{"no refIds", R"([{"type":"wait"},{"type":"wait"}])", ""},
        Case{"a chain",
             R"([{"type":"wait","refId":"1"},{"type":"wait","refId":"2","requisiteStageRefIds":["1"]}])", ""},
        Case{"a number as refId",
             R"([{"type":"wait","refId":1},{"type":"wait","refId":"2","requisiteStageRefIds":[1]}])", ""},
        Case{"not a list", "{}", "stages"}, Case{"not an object", "[1]", "stages[0]"},
        Case{"no type", R"([{"refId":"1"}])", "stages[0].type"},
        Case{"one refId missing", R"([{"type":"wait","refId":"1"},{"type":"wait"}])", "stages[1].refId"},
        Case{"a doubled refId", R"([{"type":"wait","refId":"1"},{"type":"wait","refId":"1"}])",
             "stages[1].refId"},
        Case{"itself", R"([{"type":"wait","refId":"1","requisiteStageRefIds":["1"]}])",
             "stages[0].requisiteStageRefIds"},
        Case{"dangling", R"([{"type":"wait","refId":"1","requisiteStageRefIds":["9"]}])",
             "stages[0].requisiteStageRefIds"},
        Case{
            "a cycle",
            R"([{"type":"wait","refId":"1","requisiteStageRefIds":["2"]},{"type":"wait","refId":"2","requisiteStageRefIds":["1"]}])",
            "stages[1].requisiteStageRefIds"}));

TEST(CheckGraph, WalksALongChainAndRefusesTooMany) {
  const auto chain = [](std::size_t length) {
    json::array stages;
    for (std::size_t i = 0; i < length; ++i) {
      json::object stage{{"type", "wait"}, {"refId", std::to_string(i)}};
      if (i > 0) stage["requisiteStageRefIds"] = json::array{std::to_string(i - 1)};
      stages.push_back(std::move(stage));
    }
    return json::object{{"stages", std::move(stages)}};
  };
  EXPECT_NO_THROW(check_graph(chain(most_stages)));
  EXPECT_THROW(check_graph(chain(most_stages + 1)), base::Error);
}

}  // namespace
}  // namespace gennaker::pipelines
