#include "clusters/strategies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "testing/builders.h"

namespace gennaker::clusters {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Strategy read(std::string_view text) {
  std::optional<FieldProblem> problem;
  const Strategy strategy = read_strategy(testing::object(text), problem);
  EXPECT_FALSE(problem.has_value()) << problem->field << ": " << problem->reason;
  return strategy;
}

Deployment deployment() {
  return {.account = "local",
          .provider = "simulated",
          .region = "here",
          .moniker = {.app = "shop", .stack = "main", .detail = "", .cluster = "shop-main"},
          .created = "shop-main-v002",
          .source = "shop-main-v001",
          .source_capacity = {.min = 2, .max = 8, .desired = 4},
          .wanted = {.min = 1, .max = 3, .desired = 3},
          .creation_failed = false};
}

std::vector<std::string> kinds(const std::vector<Step>& steps) {
  std::vector<std::string> all;
  for (const Step& step : steps) all.push_back(step.kind);
  return all;
}

struct Case {
  std::string name, description;
  std::vector<std::string> after;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class Strategies : public ::testing::TestWithParam<Case> {};

TEST_P(Strategies, Steps) {
  EXPECT_EQ(kinds(steps_after(read(GetParam().description), deployment())), GetParam().after);
}

using Kinds = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(
    All, Strategies,
    ::testing::Values(
        Case{"absent", "{}", {}}, Case{"null", R"({"strategy":null})", {}},
        Case{"empty", R"({"strategy":""})", {}},
        Case{"none", R"({"strategy":"NONE","maxRemainingAsgs":2,"scaleDown":true})", {}},
        Case{"highlander", R"({"strategy":"highlander"})", Kinds{"shrinkCluster"}},
        Case{"redblack", R"({"strategy":"RedBlack"})", Kinds{"disableCluster"}},
        Case{"redblack with a limit", R"({"strategy":"redblack","maxRemainingAsgs":"2"})",
             Kinds{"shrinkCluster", "disableCluster"}},
        Case{"redblack with everything",
             R"({"strategy":"redblack","maxRemainingAsgs":3,"delayBeforeDisableSec":5,"scaleDown":"true",
                 "delayBeforeScaleDownSec":7})",
             Kinds{"shrinkCluster", "wait", "disableCluster", "wait", "scaleDownCluster"}},
        Case{"a delay of no time", R"({"strategy":"redblack","delayBeforeDisableSec":0})",
             Kinds{"disableCluster"}}));

struct Refused {
  std::string description, field;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.description;
}
class StrategyFields : public ::testing::TestWithParam<Refused> {};

TEST_P(StrategyFields, AreRefusedByName) {
  std::optional<FieldProblem> problem;
  read_strategy(testing::object(GetParam().description), problem);
  ASSERT_TRUE(problem.has_value());
  EXPECT_EQ(problem->field, GetParam().field);
}

INSTANTIATE_TEST_SUITE_P(
    All, StrategyFields,
    ::testing::Values(
        Refused{R"({"strategy":"rainbow"})", "strategy"},
        Refused{R"({"strategy":"rollingredblack","targetPercentages":[50,20]})", "targetPercentages"},
        Refused{R"({"strategy":"rollingredblack","targetPercentages":50})", "targetPercentages"},
        Refused{R"({"strategy":"rollingredblack","pipelineBeforeCleanup":{"pipelineId":"p"}})",
                "pipelineBeforeCleanup"},
        Refused{R"({"strategy":3})", "strategy"}, Refused{R"({"maxRemainingAsgs":-1})", "maxRemainingAsgs"},
        Refused{R"({"maxRemainingAsgs":"${two}"})", "maxRemainingAsgs"},
        Refused{R"({"delayBeforeDisableSec":"soon"})", "delayBeforeDisableSec"},
        Refused{R"({"scaleDown":"perhaps"})", "scaleDown"},
        Refused{R"({"rollback":{"onFailure":1}})", "rollback.onFailure"}));

TEST(RedBlack, StopsWithoutASource) {
  auto first = deployment();
  first.source.clear();
  EXPECT_THAT(steps_after(read(R"({"strategy":"redblack","maxRemainingAsgs":2})"), first), IsEmpty());
}

TEST(RedBlack, TellsEachStepItsClusterAndFields) {
  const auto steps = steps_after(read(R"({"strategy":"redblack","maxRemainingAsgs":2,
      "delayBeforeCleanup":9,"delayBeforeDisableSec":5,"allowDeleteActive":true})"),
                                 deployment());
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0].context, testing::object(R"({"credentials":"local","cloudProvider":"simulated",
      "cluster":"shop-main","moniker":{"app":"shop","cluster":"shop-main","stack":"main"},
      "regions":["here"],"shrinkToSize":2,"allowDeleteActive":true,"retainLargerOverNewer":false})"));
  EXPECT_EQ(steps[1].name, "Wait Before Disable");
  EXPECT_EQ(steps[1].context, testing::object(R"({"waitTime":9})"));
  EXPECT_EQ(steps[2].context.at("remainingEnabledServerGroups"), 1);
}

TEST(RollingRedBlack, GrowsBeforeItTakesAway) {
  const auto steps = steps_after(read(R"({"strategy":"rollingRedBlack","targetPercentages":[25,"50"],
      "pipelineBeforeCleanup":{"application":"shop","pipelineId":"check","pipelineParameters":{"how":"well"}}})"),
                                 deployment());
  EXPECT_THAT(kinds(steps),
              ElementsAre("resizeServerGroup", "resizeServerGroup", "pipeline", "disableServerGroup",
                          "resizeServerGroup", "pipeline", "disableServerGroup", "resizeServerGroup",
                          "pipeline", "disableServerGroup", "resizeServerGroup"));
  EXPECT_EQ(steps[0].name, "Pin shop-main-v001");
  EXPECT_EQ(steps[1].name, "Grow shop-main-v002 to 25%");
  EXPECT_EQ(steps[1].context.at("pinCapacity"), true);
  EXPECT_EQ(steps[2].context.at("pipelineParameters").at("percentageComplete"), 25);
  EXPECT_EQ(steps[2].context.at("pipelineParameters").at("how"), "well");
  EXPECT_EQ(steps[3].context.at("desiredPercentage"), 25);
  EXPECT_EQ(steps[7].context.at("savedCapacity").at("min"), 2)
      << "the last step has the smallest size from before";
  EXPECT_EQ(steps[9].context.at("desiredPercentage"), 100);
  EXPECT_EQ(steps[10].name, "Unpin shop-main-v001");
}

TEST(RollingRedBlack, GrowsByItselfWithoutASource) {
  auto first = deployment();
  first.source.clear();
  const auto steps = steps_after(read(R"({"strategy":"rollingredblack","delayBeforeCleanup":5})"), first);
  ASSERT_EQ(kinds(steps), (Kinds{"resizeServerGroup", "wait", "resizeServerGroup", "wait"}));
  EXPECT_EQ(steps[0].context.at("capacity"), testing::object(R"({"min":2,"max":2,"desired":2})"));
  EXPECT_EQ(steps[2].context.at("capacity"), testing::object(R"({"min":1,"max":3,"desired":3})"));
}

TEST(RollingRedBlack, GivesTheOldOneItsSizeAndTrafficBackFirst) {
  const auto asked =
      read(R"({"strategy":"rollingredblack","rollback":{"onFailure":true,"destroyLatest":true}})");
  const auto steps = steps_on_failure(asked, deployment());
  ASSERT_EQ(kinds(steps), (Kinds{"resizeServerGroup", "resizeServerGroup", "enableServerGroup",
                                 "disableServerGroup", "destroyServerGroup"}));
  EXPECT_EQ(steps[1].context.at("capacity"), testing::object(R"({"min":2,"max":8,"desired":4})"));
  EXPECT_EQ(steps[2].context.at("serverGroupName"), "shop-main-v001");
  EXPECT_EQ(steps[3].context.at("serverGroupName"), "shop-main-v002");
  EXPECT_THAT(kinds(steps_on_failure(read(R"({"strategy":"rollingredblack"})"), deployment())),
              ElementsAre("resizeServerGroup"))
      << "unpinned in any case";
}

TEST(OnFailure, DestroysWhatNeverBecameHealthy) {
  auto failed = deployment();
  failed.creation_failed = true;
  const auto steps = steps_on_failure(read("{}"), failed);
  ASSERT_EQ(kinds(steps), Kinds{"destroyServerGroup"});
  EXPECT_EQ(steps[0].context.at("serverGroupName"), "shop-main-v002");
  EXPECT_THAT(kinds(steps_on_failure(read(R"({"rollback":{"onFailure":false}})"), failed)),
              ElementsAre("destroyServerGroup"))
      << "Deck always writes onFailure";
}

TEST(OnFailure, KeepsItWhenAsked) {
  auto failed = deployment();
  failed.creation_failed = true;
  EXPECT_THAT(steps_on_failure(read(R"({"keepFailed":true,"rollback":{"onFailure":false}})"), failed),
              IsEmpty());
}

TEST(OnFailure, RollsBackBeforeItDestroys) {
  auto failed = deployment();
  failed.creation_failed = true;
  const auto steps =
      steps_on_failure(read(R"({"strategy":"redblack","rollback":{"onFailure":true}})"), failed);
  EXPECT_THAT(kinds(steps), ElementsAre("rollbackServerGroup", "destroyServerGroup"));
  EXPECT_EQ(steps[0].context.at("rollbackContext").at("disableOnly"), true);
}

TEST(OnFailure, UndoesNothingOnceTheNewOneServes) {
  const auto strategy = read(R"({"strategy":"redblack","rollback":{"onFailure":true,"destroyLatest":true}})");
  EXPECT_THAT(steps_on_failure(strategy, deployment()), IsEmpty());
}

TEST(OnFailure, HasNothingToDoBeforeTheServerGroupExists) {
  auto failed = deployment();
  failed.creation_failed = true;
  failed.created.clear();
  EXPECT_THAT(steps_on_failure(read("{}"), failed), IsEmpty());
}

}  // namespace
}  // namespace gennaker::clusters
