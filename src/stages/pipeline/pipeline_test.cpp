#include "stages/pipeline/pipeline.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "model/execution_json.h"
#include "testing/pipeline_world.h"

namespace gennaker::stages {
namespace {

namespace json = boost::json;

using model::Status;
using testing::PipelineWorld;

constexpr auto judged = R"([{"refId": "1", "type": "manualJudgment", "name": "ask"}])";

Status status_of(const model::Execution& execution, std::string_view ref_id) {
  const model::Stage* stage = execution.find_by_ref(ref_id);
  EXPECT_NE(stage, nullptr) << ref_id;
  return stage == nullptr ? Status::buffered : stage->status;
}

std::vector<std::string> errors_of(const model::Execution& execution, std::string_view ref_id) {
  const model::Stage* stage = execution.find_by_ref(ref_id);
  const auto* exception = stage ? base::find_object(stage->context, "exception") : nullptr;
  const auto* details = exception ? base::find_object(*exception, "details") : nullptr;
  return details ? base::string_list(*details, "errors") : std::vector<std::string>{};
}

class Nested : public ::testing::Test {
 protected:
  /// Pipeline `name` with one stage that calls `child`.
  void save_caller(const std::string& name, const std::string& child, const std::string& options = "") {
    world_.save(
        name, R"([{"refId": "1", "type": "pipeline", "name": "call", "application": "shop", "pipeline": ")" +
                  child + "\"" + options + "}]");
  }
  void judge(const std::string& id, const std::string& judgment) {
    const model::Execution now = world_.wait_for(id, Status::running);
    world_.tell(id, engine::PatchStage{now.find_by_ref("1")->id, {{"judgmentStatus", judgment}}, "ann"});
  }

  PipelineWorld world_;
};

TEST_F(Nested, Scenario23AChildCanceledByAUser) {
  world_.save("child", judged);
  struct Case {
    std::string options;
    Status stage, execution;
  };
  for (const Case& one :
       {Case{"", Status::canceled, Status::canceled},
        Case{R"(, "failPipeline": false)", Status::stopped, Status::succeeded},
        Case{R"(, "continuePipeline": true)", Status::failed_continue, Status::succeeded}}) {
    save_caller("parent", "child", one.options);
    const std::string parent = world_.start("parent");
    const std::string child = world_.child_of(parent, "1");
    world_.wait_for(child, Status::running);
    world_.tell(child, engine::Cancel{"bob", "not today"});
    const model::Execution ended = world_.wait_for(parent, one.execution);
    EXPECT_EQ(status_of(ended, "1"), one.stage) << one.options;
    const std::vector<std::string> errors = errors_of(ended, "1");
    ASSERT_FALSE(errors.empty());
    EXPECT_EQ(errors.front(), "At least one monitored pipeline was cancelled");
  }
}

TEST_F(Nested, Scenario24ACanceledParentCancelsItsChildrenAtOnceAndAllTheWayDown) {
  world_.save("child", judged);
  save_caller("middle", "child");
  save_caller("parent", "middle");
  const std::string parent = world_.start("parent");
  const std::string middle = world_.child_of(parent, "1"), child = world_.child_of(middle, "1");
  world_.wait_for(child, Status::running);
  world_.tell(parent, engine::Cancel{"bob", "enough"});
  EXPECT_EQ(world_.wait_for(child, Status::canceled).canceled_by, "parent pipeline");
  EXPECT_EQ(world_.wait_for(middle, Status::canceled).canceled_by, "parent pipeline");
  EXPECT_EQ(world_.wait_for(parent, Status::canceled).canceled_by, "bob");
}

TEST_F(Nested, AParentThatTimesOutCancelsItsChild) {
  world_.save("child", judged);
  save_caller("parent", "child", R"(, "stageTimeoutMs": 200)");
  const std::string parent = world_.start("parent");
  const std::string child = world_.child_of(parent, "1");
  world_.wait_for(parent, Status::terminal);
  EXPECT_EQ(world_.wait_for(child, Status::canceled).canceled_by, "parent pipeline");
}

TEST_F(Nested, Scenario25AChildThatNobodyWaitsForGoesOn) {
  world_.save("child", judged);
  world_.save("parent", R"([{"refId": "1", "type": "pipeline", "application": "shop", "pipeline": "child",
                             "waitForCompletion": false},
                            {"refId": "2", "requisiteStageRefIds": ["1"], "type": "manualJudgment"}])");
  const std::string parent = world_.start("parent");
  const std::string child = world_.child_of(parent, "1");
  world_.wait_until(parent, [](const auto& now) { return now.find_by_ref("2")->status == Status::running; });
  world_.tell(parent, engine::Cancel{"bob", ""});
  world_.wait_for(parent, Status::canceled);
  EXPECT_EQ(world_.execution(child).status, Status::running);
  judge(child, "continue");
  world_.wait_for(child, Status::succeeded);
}

TEST_F(Nested, Scenario26AChildsErrorIsTheParents) {
  world_.save("child", R"([{"refId": "1", "type": "boom", "name": "x", "message": "boom"}])");
  save_caller("parent", "child");
  const std::string parent = world_.start("parent");
  const model::Execution ended = world_.wait_for(parent, Status::terminal);
  const std::vector<std::string> errors = errors_of(ended, "1");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors.front(), "Exception in child pipeline stage (child: x): boom");
  const auto& source = ended.find_by_ref("1")->context.at("exception").at("source").as_object();
  const model::Execution child = world_.execution(world_.child_of(parent, "1"));
  EXPECT_EQ(base::string_or(source, "stageId", ""), child.find_by_ref("1")->id);
}

TEST_F(Nested, Scenario27ARestartInAChildIsFollowedByItsParents) {
  world_.save("child", R"([{"refId": "1", "type": "boom"}])");
  save_caller("middle", "child");
  save_caller("parent", "middle");
  const std::string parent = world_.start("parent");
  world_.wait_for(parent, Status::terminal);
  const std::string middle = world_.child_of(parent, "1"), child = world_.child_of(middle, "1");
  world_.booms = false;
  world_.restart(child, "1");
  world_.wait_for(parent, Status::succeeded);
  EXPECT_EQ(world_.execution(middle).status, Status::succeeded);
  EXPECT_EQ(world_.execution(child).status, Status::succeeded);
  const model::Execution after = world_.execution(parent);
  EXPECT_EQ(base::string_or(after.find_by_ref("1")->context, "executionId", ""), middle) << "the same child";
  for (const model::Task& task : after.find_by_ref("1")->tasks) EXPECT_NE(task.name, "startPipeline");
  EXPECT_EQ(world_.wait_for_executions("child", 1).size(), 1u);
}

TEST_F(Nested, ARestartOfTheCallerMakesANewChild) {
  world_.save("child", R"([{"refId": "1", "type": "boom"}])");
  save_caller("parent", "child");
  const std::string parent = world_.start("parent");
  world_.wait_for(parent, Status::terminal);
  world_.booms = false;
  world_.restart(parent, "1");
  world_.wait_for(parent, Status::succeeded);
  EXPECT_EQ(world_.wait_for_executions("child", 2).size(), 2u);
}

TEST_F(Nested, PipelinesThatCallEachOtherEndWithAMessage) {
  save_caller("one", "two");
  save_caller("two", "one");
  const model::Execution ended = world_.wait_for(world_.start("one"), Status::terminal);
  const std::vector<std::string> errors = errors_of(ended, "1");
  ASSERT_FALSE(errors.empty());
  EXPECT_NE(errors.front().find("would be nested 26 levels deep"), std::string::npos) << errors.front();
}

TEST_F(Nested, ADisabledChildIsNotStarted) {
  world_.save("child", judged, R"({"disabled": true})");
  save_caller("parent", "child");
  const model::Execution ended = world_.wait_for(world_.start("parent"), Status::terminal);
  EXPECT_EQ(errors_of(ended, "1").front(), "The referenced pipeline is disabled (child)");
}

/// Children are referenced: five levels take the room of five pipelines.
TEST_F(Nested, FiveLevelsStoreHardlyMoreThanTheSumOfTheirParts) {
  const std::string payload(20'000, 'x');
  const std::string own = R"({"refId": "2", "type": "wait", "waitTime": 0, "payload": ")" + payload + "\"}";
  world_.save("level-5", "[" + own + "]");
  for (int level = 4; level > 0; --level) {
    world_.save("level-" + std::to_string(level),
                R"([{"refId": "1", "type": "pipeline", "application": "shop", "pipeline": "level-)" +
                    std::to_string(level + 1) + "\"}, " + own + "]");
  }
  // The same, calling nobody.
  world_.save("alone", R"([{"refId": "1", "type": "wait", "waitTime": 0}, )" + own + "]");
  const auto stored = [&](const std::string& config_id) {
    const model::Execution one = world_.wait_for_executions(config_id, 1).front();
    std::size_t bytes = store::row_of(one).header.size();
    for (const model::Stage& stage : one.stages) {
      const store::StageRow row = store::row_of(one, stage);
      bytes += row.outline.size() + row.details.size();
    }
    return bytes;
  };
  world_.wait_for(world_.start("alone"), Status::succeeded);
  world_.wait_for(world_.start("level-1"), Status::succeeded);
  std::size_t all = 0;
  for (int level = 1; level <= 5; ++level) all += stored("level-" + std::to_string(level));
  const double ratio = static_cast<double>(all) / static_cast<double>(5 * stored("alone"));
  RecordProperty("ratio", fmt::format("{:.3f}", ratio));
  EXPECT_LE(ratio, 1.2);
}

TEST_F(Nested, Scenario41AChildWhoseParentStageIsSkippedGoesOn) {
  world_.save("child", judged);
  world_.save("parent", R"([{"refId": "1", "type": "pipeline", "application": "shop", "pipeline": "child",
                             "skippable": true},
                            {"refId": "2", "requisiteStageRefIds": ["1"], "type": "manualJudgment"}])");
  const std::string parent = world_.start("parent");
  const std::string child = world_.child_of(parent, "1");
  world_.wait_for(child, Status::running);
  const model::Execution before = world_.execution(parent);
  EXPECT_EQ(before.find_by_ref("1")->context.at("canManuallySkip"), true);
  world_.tell(parent, engine::PatchStage{before.find_by_ref("1")->id, {{"manualSkip", true}}, "ann"});
  const model::Execution after = world_.wait_until(
      parent, [](const auto& now) { return now.find_by_ref("2")->status == Status::running; });
  EXPECT_EQ(status_of(after, "1"), Status::skipped);
  EXPECT_EQ(world_.execution(child).status, Status::running);
}

TEST_F(Nested, TheChildsTriggerSaysWhoseItIs) {
  world_.save("child", judged, R"({"parameterConfig": [{"name": "size", "default": "small"},
                                                       {"name": "colour", "default": "blue"}]})");
  save_caller("parent", "child", R"(, "pipelineParameters": {"colour": null, "more": 1})");
  const std::string parent = world_.start("parent", {{"user", "eve"}, {"dryRun", true}});
  const std::string id = world_.child_of(parent, "1");
  const model::Execution child = world_.wait_for(id, Status::running), caller = world_.execution(parent);
  const json::object& trigger = child.trigger;
  EXPECT_EQ(trigger.at("type"), "pipeline");
  EXPECT_EQ(trigger.at("user"), "eve");
  EXPECT_EQ(base::string_or(trigger, "parentPipelineStageId", ""), caller.find_by_ref("1")->id);
  EXPECT_EQ(base::string_or(trigger, "correlationId", ""),
            fmt::format("{}_{}_child_{}", parent, caller.find_by_ref("1")->id,
                        base::to_millis(*caller.start_time)));
  EXPECT_EQ(trigger.at("parameters").as_object(),
            (json::object{{"size", "small"}, {"colour", nullptr}, {"more", 1}}));
  EXPECT_EQ(trigger.at("dryRun"), true);
  EXPECT_EQ(child.root_id, parent);
  EXPECT_FALSE(trigger.contains("parentExecution")) << "by reference";
}

TEST_F(Nested, ADryRunReachesTheChildrenAndDoesNothingThere) {
  world_.save("child", R"([{"refId": "1", "type": "boom"}])");
  save_caller("parent", "child");
  const std::string parent = world_.start("parent", {{"dryRun", true}});
  world_.wait_for(parent, Status::succeeded);
  const model::Execution child = world_.execution(world_.child_of(parent, "1"));
  EXPECT_EQ(child.find_by_ref("1")->tasks.front().name, "dryRun");
}

TEST_F(Nested, ExpressionsSeeTheParentsAndTheirParents) {
  world_.save("child", R"([{"refId": "1", "type": "wait", "waitTime": 0,
    "a": "${ trigger.parentExecution.trigger.parameters.colour }",
    "b": "${ trigger['parentExecution']['trigger']['parentExecution']['name'] }"}])");
  world_.save("middle",
              R"([{"refId": "1", "type": "pipeline", "application": "shop", "pipeline": "child"}])");
  save_caller("parent", "middle", R"(, "pipelineParameters": {"colour": "blue"})");
  const std::string parent = world_.start("parent");
  world_.wait_for(parent, Status::succeeded);
  const model::Execution child = world_.execution(world_.child_of(world_.child_of(parent, "1"), "1"));
  EXPECT_EQ(child.find_by_ref("1")->context.at("a"), "blue");
  EXPECT_EQ(child.find_by_ref("1")->context.at("b"), "parent");
}

TEST_F(Nested, TheChildsOutputsAreTheStages) {
  world_.save("child", R"([{"refId": "1", "type": "evaluateVariables", "variables": [
                              {"key": "colour", "value": "blue"}, {"key": "list", "value": "${ {1, 2} }"}]},
                           {"refId": "2", "requisiteStageRefIds": ["1"], "type": "evaluateVariables", "variables": [
                              {"key": "colour", "value": "red"}, {"key": "list", "value": "${ {2, 3} }"}]}])");
  save_caller("parent", "child");
  const model::Execution open = world_.wait_for(world_.start("parent"), Status::succeeded);
  EXPECT_EQ(open.find_by_ref("1")->outputs.at("colour"), "red") << "the later wins";
  EXPECT_EQ(base::to_text(open.find_by_ref("1")->outputs.at("list")), "[1,2,3]") << "lists are joined";
  save_caller("parent", "child", R"(, "skipDownstreamOutput": true)");
  const model::Execution closed = world_.wait_for(world_.start("parent"), Status::succeeded);
  EXPECT_TRUE(closed.find_by_ref("1")->outputs.empty());
}

TEST_F(Nested, WhatKeepsItsOutputsToItselfBindsItsArtifactsAllTheSame) {
  world_.save("child", R"([{"refId": "1", "type": "evaluateArtifacts",
                            "artifactContents": [{"name": "note", "contents": "x"}]}])");
  save_caller("parent", "child", R"(, "skipDownstreamOutput": true,
      "expectedArtifacts": [{"id": "e", "matchArtifact": {"type": "embedded/base64", "name": "note"}}])");
  const model::Execution ended = world_.wait_for(world_.start("parent"), Status::succeeded);
  EXPECT_EQ(ended.find_by_ref("1")->context.at("resolvedExpectedArtifacts").as_array().size(), 1u);
  EXPECT_TRUE(ended.find_by_ref("1")->outputs.empty());
}

TEST_F(Nested, WhatCannotBeFoundIsNamed) {
  save_caller("parent", "nobody");
  EXPECT_EQ(errors_of(world_.wait_for(world_.start("parent"), Status::terminal), "1").front(),
            "The referenced pipeline cannot be located (nobody)");
  world_.save("parent", R"([{"refId": "1", "type": "pipeline", "pipelineId": "nobody",
                             "pipelineParameters": {"strategy": true}}])");
  EXPECT_EQ(errors_of(world_.wait_for(world_.start("parent"), Status::terminal), "1").front(),
            "The referenced custom strategy cannot be located (nobody)");
}

TEST_F(Nested, TheChildIsFoundByItsIdOrByItsNameInTheApplicationThatIsNamed) {
  world_.save("Deploy", "[]", R"({"id": "shops-deploy"})");
  world_.save("Deploy", "[]", R"({"id": "webs-deploy", "application": "web"})");
  struct Case {
    std::string fields, child;
  };
  for (const Case& one :
       {Case{R"("pipeline": "Deploy")", "shops-deploy"},
        Case{R"("pipeline": "Deploy", "application": "web")", "webs-deploy"},
        Case{R"("pipeline": "Deploy", "pipelineApplication": "WEB")", "webs-deploy"},
        Case{R"("pipeline": "Deploy", "pipelineApplication": "shop", "application": "web")", "shops-deploy"},
        Case{R"("pipeline": "webs-deploy")", "webs-deploy"},
        Case{R"("pipeline": "webs-deploy", "application": "shop")", "webs-deploy"}}) {
    world_.save("parent",
                R"([{"refId": "1", "type": "pipeline", "waitForCompletion": false, )" + one.fields + "}]");
    const std::string child = world_.child_of(world_.start("parent"), "1");
    EXPECT_EQ(world_.execution(child).pipeline_config_id, one.child) << one.fields;
  }
  world_.save("parent",
              R"([{"refId": "1", "type": "pipeline", "application": "api", "pipeline": "Deploy"}])");
  const model::Execution ended = world_.wait_for(world_.start("parent"), Status::terminal);
  EXPECT_EQ(errors_of(ended, "1"),
            std::vector<std::string>{"The referenced pipeline cannot be located (Deploy)"});
}

TEST_F(Nested, AClientNamesTheParentOrSendsItWhole) {
  world_.save("first", R"([{"refId": "1", "type": "evaluateArtifacts",
                            "artifactContents": [{"name": "note", "contents": "x"}]}])");
  world_.save("second", R"([{"refId": "1", "type": "wait", "waitTime": 0}])");
  const std::string first = world_.start("first");
  const model::Execution parent = world_.wait_for(first, Status::succeeded);
  for (json::object trigger : {json::object{{"parentPipelineId", first}},
                               json::object{{"parentExecution", model::to_json(parent)}}}) {
    const model::Execution second = world_.wait_for(world_.start("second", trigger), Status::succeeded);
    EXPECT_EQ(base::string_or(second.trigger, "parentExecutionId", ""), first);
    EXPECT_EQ(second.trigger.at("parentPipelineName"), "first");
    EXPECT_EQ(second.trigger.at("parentStatus"), "SUCCEEDED");
    EXPECT_EQ(second.trigger.at("isPipeline"), true);
    EXPECT_EQ(second.trigger.at("artifacts").as_array().size(), 1u) << "what the parent made is received";
    EXPECT_FALSE(second.trigger.contains("parentExecution"));
  }
  const model::Execution unknown =
      world_.wait_for(world_.start("second", {{"parentPipelineId", "01NOSUCH"}}), Status::succeeded);
  EXPECT_FALSE(unknown.trigger.contains("parentExecutionId"));
}

TEST_F(Nested, APipelinesOwnFieldsMayBeExpressions) {
  world_.save("shop", judged, R"({"limitConcurrent": "${ parameters.alone == 'yes' }",
      "description": "${ trigger.user }", "notifications": [{"address": "${ execution.id }"}],
      "parameterConfig": [{"name": "alone", "default": "${ 'y' + 'es' }"}]})");
  const model::Execution running = world_.wait_for(world_.start("shop"), Status::running);
  EXPECT_TRUE(running.limit_concurrent);
  EXPECT_EQ(running.trigger.at("parameters").at("alone"), "yes");
  EXPECT_EQ(base::to_text(running.extra.at("notifications")), R"([{"address":"${ execution.id }"}])");
}

TEST_F(Nested, NumbersAsTextsAndTextsAsNumbers) {
  world_.save(
      "shop", R"([{"refId": 1, "type": "wait", "waitTime": "0", "failPipeline": "false"},
                          {"refId": 2, "requisiteStageRefIds": [1], "type": "boom", "failPipeline": "false",
                           "continuePipeline": "false", "completeOtherBranchesThenFail": "false",
                           "stageTimeoutMs": "60000"}])",
      R"({"limitConcurrent": "false", "maxConcurrentExecutions": "3", "keepWaitingPipelines": "true"})");
  const model::Execution ended = world_.wait_for(world_.start("shop"), Status::succeeded);
  EXPECT_EQ(status_of(ended, "2"), Status::stopped);
  EXPECT_EQ(ended.find_by_ref("2")->requisites, std::vector<std::string>{"1"});
  EXPECT_EQ(ended.max_concurrent_executions, 3);
  EXPECT_TRUE(ended.keep_waiting_pipelines);
}

constexpr auto limited = R"({"limitConcurrent": true, "keepWaitingPipelines": true})";

TEST_F(Nested, Scenario21ARestartWaitsForTheOneThatRuns) {
  world_.save("shop", R"([{"refId": "1", "type": "boom"}, {"refId": "2", "requisiteStageRefIds": ["1"],
                           "type": "manualJudgment"}])",
              limited);
  const std::string failed = world_.start("shop");
  world_.wait_for(failed, Status::terminal);
  world_.booms = false;
  const std::string other = world_.start("shop");
  world_.wait_for(other, Status::running);
  world_.restart(failed, "1");
  EXPECT_EQ(world_.execution(failed).status, Status::not_started);
  EXPECT_THROW(world_.restart(failed, "1"), base::Error);
  EXPECT_EQ(status_of(world_.execution(failed), "1"), Status::terminal) << "untouched while it waits";
  world_.tell(other, engine::Cancel{"ann", ""});
  const model::Execution restarted = world_.wait_for(failed, Status::running);
  EXPECT_TRUE(restarted.find_by_ref("1")->context.contains("restartDetails"));
}

TEST_F(Nested, ARestartThatIsCanceledWhileItWaitsLeavesTheExecutionAsItWas) {
  world_.save("shop", R"([{"refId": "1", "type": "boom"}, {"refId": "2", "requisiteStageRefIds": ["1"],
                           "type": "manualJudgment"}])",
              limited);
  const std::string failed = world_.start("shop");
  const auto ended = world_.wait_for(failed, Status::terminal).end_time;
  world_.booms = false;
  const std::string other = world_.start("shop");
  world_.wait_for(other, Status::running);
  world_.restart(failed, "1");
  world_.tell(failed, engine::Cancel{"bob", "no"});
  const model::Execution again = world_.wait_for(failed, Status::terminal);
  EXPECT_EQ(again.end_time, ended);
  EXPECT_FALSE(again.canceled);
  EXPECT_FALSE(again.extra.contains("waitingRestart"));
}

TEST_F(Nested, Scenario35APausedExecutionCounts) {
  world_.save("shop", judged, limited);
  const std::string first = world_.start("shop");
  world_.wait_for(first, Status::running);
  world_.tell(first, engine::Pause{"ann"});
  const std::string second = world_.start("shop");
  EXPECT_EQ(world_.execution(second).status, Status::not_started);
  world_.tell(first, engine::Resume{"ann"});
  judge(first, "continue");
  world_.wait_for(second, Status::running);
}

TEST_F(Nested, Scenario36WhoeverWaits) {
  for (const bool keeps : {false, true}) {
    const std::string name = keeps ? "keeps" : "drops";
    world_.save(name, judged,
                keeps ? limited : R"({"limitConcurrent": true, "keepWaitingPipelines": false})");
    std::vector<std::string> ids;
    for (int i = 0; i < 4; ++i) ids.push_back(world_.start(name));
    judge(ids[0], "continue");
    if (keeps) {
      for (int i = 1; i < 4; ++i) {
        world_.wait_for(ids[i], Status::running);
        for (int later = i + 1; later < 4; ++later)
          EXPECT_EQ(world_.execution(ids[later]).status, Status::not_started) << "in their order";
        judge(ids[i], "continue");
      }
      for (const std::string& id : ids) world_.wait_for(id, Status::succeeded);
      continue;
    }
    world_.wait_for(ids[3], Status::running);
    for (const int i : {1, 2}) {
      const model::Execution superseded = world_.wait_for(ids[i], Status::canceled);
      EXPECT_EQ(superseded.canceled_by, "spinnaker");
      EXPECT_NE(superseded.cancellation_reason.find("newer queued execution"), std::string::npos);
    }
  }
}

TEST_F(Nested, Scenario37AWaitingOneIsCanceled) {
  world_.save("shop", judged, limited);
  const std::string first = world_.start("shop"), second = world_.start("shop"), third = world_.start("shop");
  world_.tell(second, engine::Cancel{"ann", ""});
  const model::Execution canceled = world_.execution(second);
  EXPECT_EQ(canceled.status, Status::canceled);
  EXPECT_FALSE(canceled.start_time.has_value());
  judge(first, "continue");
  world_.wait_for(third, Status::running);
}

TEST_F(Nested, Scenario38TheSameCorrelationId) {
  world_.save("shop", judged);
  const std::string first = world_.start("shop", {{"correlationId", "once"}});
  world_.wait_for(first, Status::running);
  EXPECT_EQ(world_.start("shop", {{"correlationId", "once"}}), first);
  judge(first, "continue");
  world_.wait_for(first, Status::succeeded);
  EXPECT_NE(world_.start("shop", {{"correlationId", "once"}}), first);
}

TEST_F(Nested, TheFiftyFirstThatWaitsIsCanceledAtOnce) {
  world_.save("shop", judged, limited);
  for (int i = 0; i < 51; ++i) world_.start("shop");
  const model::Execution surplus = world_.execution(world_.start("shop"));
  EXPECT_EQ(surplus.status, Status::canceled);
  EXPECT_EQ(surplus.cancellation_reason, "Too many executions (50) already waiting to start");
}

}  // namespace
}  // namespace gennaker::stages
