#include "pipelines/strategy_parameters.h"

#include <gtest/gtest.h>

#include "testing/builders.h"

namespace gennaker::pipelines {
namespace {

using gennaker::testing::object;

class Asks final : public engine::Stage {
 public:
  std::string_view type() const override { return "asks"; }
  engine::Plan plan(const engine::StageView&) const override { return {}; }
  bool takes_strategy_parameters() const override { return true; }
};

class AsksNot final : public engine::Stage {
 public:
  std::string_view type() const override { return "asksNot"; }
  engine::Plan plan(const engine::StageView&) const override { return {}; }
};

struct Case {
  std::string_view name, type, fields, parameters, taken;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class StrategyParameters : public ::testing::TestWithParam<Case> {};

TEST_P(StrategyParameters, TakeThePlaceOfFields) {
  const Case& c = GetParam();
  engine::StageCatalog catalog;
  catalog.add(std::make_unique<Asks>());
  catalog.add(std::make_unique<AsksNot>());
  auto execution =
      gennaker::testing::execution({{.type = std::string(c.type), .context = std::string(c.fields)}});
  execution.trigger["parameters"] = object(c.parameters);
  take_strategy_parameters(execution, catalog);
  EXPECT_EQ(execution.stages[0].context, object(c.taken));
}

INSTANTIATE_TEST_SUITE_P(
    Runs, StrategyParameters,
    ::testing::Values(
        Case{"all of them", "asks", R"({"cluster": "a", "region": "r", "target": "oldest_asg_dynamic"})",
             R"({"strategy": true, "cloudProvider": "local", "cluster": "b", "credentials": "prod",
                 "region": "here", "zone": "z"})",
             R"({"cloudProvider": "local", "cluster": "b", "credentials": "prod", "regions": ["here"],
                 "target": "oldest_asg_dynamic"})"},
        Case{"a zone", "asks", R"({"regions": ["r"]})", R"({"strategy": "true", "zone": "z"})",
             R"({"zones": ["z"]})"},
        Case{"what is left out stays", "asks", R"({"cluster": "a", "regions": ["r"]})",
             R"({"strategy": true, "credentials": "prod", "cluster": null})",
             R"({"cluster": "a", "regions": ["r"], "credentials": "prod"})"},
        Case{"a type with its cloud's name", "asks_local", R"({"providerType": "local"})",
             R"({"strategy": true, "cluster": "b"})", R"({"providerType": "local", "cluster": "b"})"},
        Case{"no strategy", "asks", R"({"cluster": "a"})", R"({"strategy": false, "cluster": "b"})",
             R"({"cluster": "a"})"},
        Case{"a parameter alone", "asks", R"({"cluster": "a"})", R"({"cluster": "b"})",
             R"({"cluster": "a"})"},
        Case{"a type that does not ask", "asksNot", "{}", R"({"strategy": true, "cluster": "b"})", "{}"}));

}  // namespace
}  // namespace gennaker::pipelines
