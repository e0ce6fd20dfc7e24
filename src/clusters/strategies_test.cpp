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
  return {
      .account = "local",
      .provider = "simulated",
      .region = "here",
      .moniker = {.app = "shop", .stack = "main", .detail = "", .cluster = "shop-main"},
      .created = "shop-main-v002",
      .source = "shop-main-v001",
      .source_capacity = {.min = 2, .max = 8, .desired = 4},
      .wanted = {.min = 1, .max = 3, .desired = 3},
      .before = {{.name = "shop-main-v001", .capacity = {.min = 2, .max = 8, .desired = 4}, .enabled = true}},
      .creation_failed = false};
}

std::vector<std::string> kinds(const std::vector<Step>& steps) {
  std::vector<std::string> all;
  for (const Step& step : steps) all.push_back(step.kind);
  return all;
}

std::vector<Step> in_turn(std::vector<Step> steps) {
  std::erase_if(steps, [](const Step& step) { return step.beside; });
  return steps;
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
             Kinds{"shrinkCluster", "wait", "waitForUpInstances", "disableCluster", "wait",
                   "scaleDownCluster"}},
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
        Refused{R"({"strategy":"monitored"})", "deploymentMonitor"},
        Refused{
            R"({"strategy":"monitored","deploymentMonitor":{"id":"m"},"failureActions":{"rollback":"x"}})",
            "failureActions.rollback"},
        Refused{R"({"strategy":"rollingpush","termination":{"order":"any"}})", "termination.order"},
        Refused{R"({"strategy":"custom","strategyApplication":"shop"})", "strategyPipeline"},
        Refused{R"({"strategy":"canary","canary":{"instances":0}})", "canary.instances"},
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
  ASSERT_EQ(steps.size(), 4u);
  EXPECT_EQ(steps[0].context, testing::object(R"({"credentials":"local","cloudProvider":"simulated",
      "cluster":"shop-main","moniker":{"app":"shop","cluster":"shop-main","stack":"main"},
      "regions":["here"],"shrinkToSize":2,"allowDeleteActive":true,"retainLargerOverNewer":false})"));
  EXPECT_EQ(steps[1].name, "Wait Before Disable");
  EXPECT_EQ(steps[1].context, testing::object(R"({"waitTime":9})"));
  EXPECT_EQ(steps[2].context.at("serverGroupName"), "shop-main-v002") << "time has passed: is it still well?";
  EXPECT_EQ(steps[3].context.at("remainingEnabledServerGroups"), 1);
}

TEST(RollingRedBlack, GrowsBeforeItTakesAway) {
  const auto steps = in_turn(steps_after(read(R"({"strategy":"rollingRedBlack","targetPercentages":[25,"50"],
      "pipelineBeforeCleanup":{"application":"shop","pipelineId":"check","pipelineParameters":{"how":"well"}}})"),
                                         deployment()));
  EXPECT_THAT(kinds(steps),
              ElementsAre("pinServerGroup", "resizeServerGroup", "pipeline", "waitForUpInstances",
                          "disableServerGroup", "resizeServerGroup", "pipeline", "waitForUpInstances",
                          "disableServerGroup", "resizeServerGroup", "pipeline", "waitForUpInstances",
                          "disableServerGroup", "pinServerGroup"));
  EXPECT_EQ(steps[0].name, "Pin shop-main-v001");
  EXPECT_EQ(steps[1].name, "Grow shop-main-v002 to 25%");
  EXPECT_EQ(steps[1].context.at("pinCapacity"), true);
  EXPECT_EQ(steps[2].context.at("pipelineParameters").at("percentageComplete"), 25);
  EXPECT_EQ(steps[2].context.at("pipelineParameters").at("how"), "well");
  EXPECT_EQ(steps[4].context.at("desiredPercentage"), 25);
  EXPECT_EQ(steps[9].context.at("savedCapacity").at("min"), 2)
      << "the last step has the smallest size from before";
  EXPECT_EQ(steps[12].context.at("desiredPercentage"), 100);
  EXPECT_EQ(steps[13].name, "Unpin shop-main-v001");
}

TEST(RollingRedBlack, GrowsByItselfWithoutASource) {
  auto first = deployment();
  first.source.clear();
  const auto steps =
      in_turn(steps_after(read(R"({"strategy":"rollingredblack","delayBeforeCleanup":5})"), first));
  ASSERT_EQ(kinds(steps), (Kinds{"resizeServerGroup", "wait", "resizeServerGroup", "wait"}));
  EXPECT_EQ(steps[0].context.at("capacity"), testing::object(R"({"min":2,"max":2,"desired":2})"));
  EXPECT_EQ(steps[2].context.at("capacity"), testing::object(R"({"min":1,"max":3,"desired":3})"));
}

TEST(RollingRedBlack, GivesTheOldOneItsSizeAndTrafficBackFirst) {
  const auto asked =
      read(R"({"strategy":"rollingredblack","rollback":{"onFailure":true,"destroyLatest":true}})");
  const auto steps = steps_on_failure(asked, deployment());
  ASSERT_EQ(kinds(steps), (Kinds{"restoreServerGroups", "disableServerGroup", "destroyServerGroup"}));
  EXPECT_EQ(steps[0].context.at("serverGroups"),
            json::value(json::array{testing::object(R"({"serverGroupName":"shop-main-v001","enabled":true,
                "capacity":{"min":2,"max":8,"desired":4}})")}));
  EXPECT_EQ(steps[1].context.at("serverGroupName"), "shop-main-v002");
  EXPECT_THAT(kinds(steps_on_failure(read(R"({"strategy":"rollingredblack"})"), deployment())),
              ElementsAre("pinServerGroup", "pinServerGroup"))
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

TEST(OnFailure, UndoesNothingOnceTheNewOneServesUnlessAsked) {
  EXPECT_THAT(steps_on_failure(read(R"({"strategy":"redblack"})"), deployment()), IsEmpty());
  const auto asked = read(R"({"strategy":"redblack","rollback":{"onFailure":true,"destroyLatest":true}})");
  EXPECT_THAT(kinds(steps_on_failure(asked, deployment())),
              ElementsAre("restoreServerGroups", "disableServerGroup", "destroyServerGroup"));
}

TEST(RollingRedBlack, KeepsWatchOverWhatItPins) {
  const auto steps = steps_after(read(R"({"strategy":"rollingredblack"})"), deployment());
  std::vector<std::string> watched;
  for (const Step& step : steps) {
    if (step.beside) watched.push_back(step.name);
  }
  EXPECT_THAT(watched, ElementsAre("Keep shop-main-v002 Pinned", "Keep shop-main-v001 Pinned"));
}

TEST(Monitored, AsksAfterEachStep) {
  const auto steps = in_turn(steps_after(read(R"({"strategy":"monitored","deploySteps":[50],
      "deploymentMonitor":{"id":"errors"},"maxRemainingAsgs":2})"),
                                         deployment()));
  EXPECT_THAT(kinds(steps), ElementsAre("pinServerGroup", "notifyDeployStarting", "resizeServerGroup",
                                        "disableServerGroup", "evaluateDeploymentHealth", "resizeServerGroup",
                                        "disableServerGroup", "evaluateDeploymentHealth", "pinServerGroup",
                                        "shrinkCluster", "notifyDeployCompleted"));
  EXPECT_EQ(steps[4].context.at("currentProgress"), 50);
  EXPECT_EQ(steps[4].context.at("oldServerGroup"), "shop-main-v001");
  EXPECT_EQ(steps[9].context.at("continuePipeline"), true) << "what is not tidied up fails nothing";
}

TEST(Monitored, TellsTheMonitorOfAFailure) {
  const auto steps = steps_on_failure(read(R"({"strategy":"monitored","deploymentMonitor":{"id":"errors"},
               "failureActions":{"rollback":"Automatic","destroyInstances":true}})"),
                                      deployment());
  ASSERT_EQ(kinds(steps), (Kinds{"restoreServerGroups", "disableServerGroup", "destroyServerGroup",
                                 "notifyDeployCompleted"}));
  EXPECT_EQ(steps[3].context.at("deploymentStatus"), "failure");
}

Deployment in_place() {
  Deployment begun = deployment();
  begun.created.clear();
  begun.source_image = "sha-old";
  begun.source_settings = testing::object(R"({"command":"./old"})");
  begun.description = testing::object(R"({"account":"local","region":"here","imageId":"sha-new",
      "command":"./new","strategy":"rollingpush","capacity":{"desired":3}})");
  return begun;
}

TEST(RollingPush, ChangesWhatIsStartedAndStartsItAnew) {
  const auto strategy = read(R"({"strategy":"rollingpush","rollback":{"onFailure":true},
      "termination":{"concurrentRelaunches":2}})");
  EXPECT_FALSE(creates_server_group(strategy));
  const auto steps = steps_after(strategy, in_place());
  ASSERT_EQ(kinds(steps), (Kinds{"updateLaunchConfig", "rollingPush"}));
  EXPECT_EQ(steps[0].context.at("serverGroupName"), "shop-main-v001");
  EXPECT_EQ(steps[0].context.at("command"), "./new");
  EXPECT_FALSE(steps[0].context.contains("strategy"));
  EXPECT_EQ(steps[1].context.at("termination").at("concurrentRelaunches"), 2);
  const auto back = steps_on_failure(strategy, in_place());
  ASSERT_EQ(kinds(back), (Kinds{"updateLaunchConfig", "rollingPush"}));
  EXPECT_EQ(back[0].context.at("command"), "./old");
  EXPECT_EQ(back[0].context.at("imageId"), "sha-old");
  EXPECT_TRUE(back[1].context.contains("launchedSince")) << "only those that run the new one";
}

TEST(Custom, IsAPipeline) {
  const auto strategy =
      read(R"({"strategy":"custom","strategyApplication":"shop","strategyPipeline":"careful",
      "pipelineParameters":{"pace":"slow"}})");
  const auto steps = steps_after(strategy, in_place());
  ASSERT_EQ(kinds(steps), Kinds{"pipeline"});
  const auto& parameters = steps[0].context.at("pipelineParameters").as_object();
  EXPECT_EQ(parameters.at("strategy"), true);
  EXPECT_EQ(parameters.at("pace"), "slow");
  EXPECT_EQ(parameters.at("cluster"), "shop-main");
  EXPECT_EQ(parameters.at("clusterDescription").at("command"), "./new");
  EXPECT_THAT(steps_on_failure(strategy, in_place()), IsEmpty());
}

TEST(Canary, ComparesTwoOfOneSizeBesideWhatServes) {
  const auto strategy = read(R"({"strategy":"canary","canary":{"instances":2,"seconds":60},
      "pipelineBeforeCleanup":{"application":"shop","pipelineId":"compare"}})");
  const auto steps = steps_after(strategy, in_place());
  ASSERT_EQ(kinds(steps),
            (Kinds{"removeWhenCancelled", "removeWhenCancelled", "cloneServerGroup", "createServerGroup",
                   "wait", "pipeline", "waitForUpInstances", "destroyServerGroup", "destroyServerGroup"}));
  EXPECT_EQ(steps[2].context.at("freeFormDetails"), "baseline");
  EXPECT_EQ(steps[2].context.at("imageId"), "sha-old");
  EXPECT_EQ(steps[3].context.at("freeFormDetails"), "canary");
  EXPECT_EQ(steps[3].context.at("imageId"), "sha-new");
  EXPECT_EQ(steps[2].context.at("capacity"), steps[3].context.at("capacity"));
  EXPECT_EQ(steps[7].context.at("cluster"), "shop-main-canary");
  auto failed = in_place();
  failed.helpers = {"shop-main-baseline-v000", "shop-main-canary-v000"};
  EXPECT_THAT(kinds(steps_on_failure(strategy, failed)),
              ElementsAre("destroyServerGroup", "destroyServerGroup"));
}

TEST(OnFailure, HasNothingToDoBeforeTheServerGroupExists) {
  auto failed = deployment();
  failed.creation_failed = true;
  failed.created.clear();
  EXPECT_THAT(steps_on_failure(read("{}"), failed), IsEmpty());
}

}  // namespace
}  // namespace gennaker::clusters
