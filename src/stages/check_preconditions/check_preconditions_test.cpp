#include "stages/check_preconditions/check_preconditions.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "stages/dry_run.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using model::Status;

class Preconditions : public ::testing::Test {
 protected:
  Preconditions() {
    runner::Catalogs catalogs = world_.catalogs();
    add_dry_run(catalogs);
    add_check_preconditions(catalogs, [this](const ClusterSizeQuestion& question) {
      asked_ = question;
      return groups_;
    });
  }

  Status check(const std::string& entries, const std::string& more = "") {
    return world_.run(
        testing::execution({{.type = "checkPreconditions",
                             .context = fmt::format(R"({{{}"preconditions": [{}]}})", more, entries)}}));
  }
  Status status(std::string_view ref_id) const {
    const model::Stage* stage = world_.execution().find_by_ref(ref_id);
    return stage == nullptr ? Status::buffered : stage->status;
  }

  testing::StageWorld world_;
  ClusterSizeQuestion asked_;
  std::vector<std::string> groups_{"shop-v001", "shop-v002"};
};

TEST_F(Preconditions, Scenario43OneThatOnlyStopsItsBranch) {
  EXPECT_EQ(check(R"({"type": "expression", "context": {"expression": "1 + 1 == 2"}},
                     {"type": "expression", "failPipeline": false, "context": {"expression": "1 > 2"}})"),
            Status::succeeded);
  EXPECT_EQ(status("1<1"), Status::succeeded);
  EXPECT_EQ(status("1<2"), Status::stopped);
  EXPECT_EQ(status("1"), Status::stopped);
}

TEST_F(Preconditions, AnExpressionKeepsItsResult) {
  EXPECT_EQ(check(R"({"type": "expression", "context": {"expression": "1 > 2"}})"), Status::terminal);
  const model::Stage* child = world_.execution().find_by_ref("1<1");
  EXPECT_EQ(child->context.at("context").at("expressionResult"), "false");
  EXPECT_EQ(world_.error(), "'1 > 2' is false, not true");
}

TEST_F(Preconditions, ABracedConditionIsKeptAsItWasWritten) {
  EXPECT_EQ(check(R"({"type": "expression", "context": {"expression": "1 < 2"}},
                     {"type": "expression", "context": {"expression": "${1 + 1} == ${3 - 2}"}})"),
            Status::terminal);
  EXPECT_FALSE(world_.execution().find_by_ref("1<1")->context.contains("conditionAsWritten"));
  const model::Stage* child = world_.execution().find_by_ref("1<2");
  EXPECT_EQ(child->context.at("conditionAsWritten"), "${1 + 1} == ${3 - 2}");
  EXPECT_EQ(child->context.at("context").at("expression"), "2 == 1");
  EXPECT_FALSE(child->context.contains("conditionsAsWritten"));
  EXPECT_EQ(world_.error(), "'${1 + 1} == ${3 - 2}' is false, not true");
}

TEST_F(Preconditions, AStagesStatusByName) {
  EXPECT_EQ(
      check(
          R"({"type": "stageStatus", "context": {"stageName": "checkPreconditions", "stageStatus": "RUNNING"}})"),
      Status::succeeded);
  EXPECT_EQ(
      check(
          R"({"type": "stageStatus", "context": {"stageName": "checkPreconditions", "stageStatus": "TERMINAL"}})"),
      Status::terminal);
  EXPECT_EQ(world_.error(),
            "The status of stage checkPreconditions was asserted to be TERMINAL, but was actually RUNNING");
  EXPECT_EQ(check(R"({"type": "stageStatus", "context": {"stageName": "Bake", "stageStatus": "SUCCEEDED"}})"),
            Status::terminal);
  EXPECT_EQ(world_.error(), "Failed to find stage Bake in execution. Please specify a valid stage name");
}

TEST_F(Preconditions, AClustersSizeByEveryComparison) {
  const auto sized = [&](const std::string& comparison, int expected) {
    return check(
               fmt::format(
                   R"({{"type": "clusterSize", "context": {{"comparison": "{}", "expected": {}, "onlyEnabledServerGroups": true}}}})",
                   comparison, expected),
               R"("cluster": "shop-main", "credentials": "local", "regions": ["here"],)") ==
           Status::succeeded;
  };
  EXPECT_TRUE(sized("==", 2));
  EXPECT_EQ(asked_.cluster, "shop-main") << "taken from the stage";
  EXPECT_EQ(asked_.account, "local");
  EXPECT_TRUE(asked_.only_enabled);
  EXPECT_TRUE(sized("<", 3));
  EXPECT_FALSE(sized("<", 2));
  EXPECT_TRUE(sized("<=", 2));
  EXPECT_TRUE(sized(">=", 2));
  EXPECT_FALSE(sized(">", 2));
  EXPECT_FALSE(sized("=", 2));
  EXPECT_EQ(world_.error(), "context.comparison: '=' is none of < <= == >= >");
}

TEST_F(Preconditions, AClustersSizeNeedsANumberARegionAndAName) {
  const auto why = [&](const std::string& fields) {
    EXPECT_EQ(check(R"({"type": "clusterSize", "context": {)" + fields + "}}"), Status::terminal);
    return world_.error();
  };
  EXPECT_EQ(why(R"("cluster": "a", "regions": ["here"], "expected": "many")"),
            "context.expected: a whole number is needed, not \"many\"");
  EXPECT_EQ(why(R"("cluster": "a")"), "context.regions: at least one region is needed");
  EXPECT_EQ(why(R"("regions": ["here"])"), "context.cluster: a cluster's name is needed");
  EXPECT_EQ(check(R"({"type": "clusterSize", "context": {"moniker": {"cluster": "shop"}, "regions": ["here"],
                      "expected": "2"}})"),
            Status::succeeded);
  EXPECT_EQ(asked_.cluster, "shop");
  EXPECT_EQ(
      why(R"("cluster": "a", "regions": ["here"], "expected": 5)"),
      "Precondition check failed: expected == 5 server groups in here but found 2: [shop-v001, shop-v002]");
  groups_.clear();
  EXPECT_EQ(why(R"("cluster": "a", "zones": ["there"])"),
            "Precondition check failed: expected == 1 server groups in there but found 0: []");
}

TEST_F(Preconditions, WhatAConditionLeavesEmptyIsTheStages) {
  EXPECT_EQ(check(R"({"type": "clusterSize", "context": {"cluster": "", "regions": [], "credentials": null,
                      "expected": 2}})",
                  R"("cluster": "shop-main", "credentials": "local", "regions": ["here"],)"),
            Status::succeeded);
  EXPECT_EQ(asked_.cluster, "shop-main");
  EXPECT_EQ(asked_.account, "local");
  EXPECT_EQ(asked_.region, "here");
}

TEST_F(Preconditions, ADryRunChecksExpressionsOnly) {
  model::Execution execution =
      testing::execution({{.type = "checkPreconditions", .context = R"({"preconditions": [
      {"type": "expression", "context": {"expression": "true"}},
      {"type": "stageStatus", "context": {"stageName": "Nowhere", "stageStatus": "RUNNING"}}]})"}});
  execution.trigger["dryRun"] = true;
  EXPECT_EQ(world_.run(std::move(execution)), Status::succeeded);
  EXPECT_EQ(world_.execution().find_by_ref("1<1")->tasks.front().name, "checkPrecondition");
  EXPECT_EQ(world_.execution().find_by_ref("1<2")->tasks.front().name, "dryRun");
}

TEST_F(Preconditions, AFailureMessageIsTheUsers) {
  EXPECT_EQ(
      check(R"({"type": "expression", "context": {"expression": "1 > 2", "failureMessage": "too few"}})"),
      Status::terminal);
  EXPECT_EQ(world_.error(), "too few");
}

TEST_F(Preconditions, AnUnknownKindAndNone) {
  EXPECT_EQ(check(R"({"type": "weather"})"), Status::terminal);
  EXPECT_NE(world_.error().find("preconditions[0].type: 'weather' is unknown"), std::string::npos);
  EXPECT_EQ(check(""), Status::succeeded);
  EXPECT_EQ(status("1"), Status::skipped);
}

}  // namespace
}  // namespace gennaker::stages
