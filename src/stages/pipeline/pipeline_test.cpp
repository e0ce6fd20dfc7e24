#include "stages/pipeline/pipeline.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "model/execution_json.h"
#include "testing/pipeline_world.h"

namespace gennaker::stages {
namespace {

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
  const auto stored = [&](const std::string& config_id) {
    const model::Execution one = world_.wait_for_executions(config_id, 1).front();
    std::size_t bytes = base::to_text(model::header_to_json(one)).size();
    for (const model::Stage& stage : one.stages) {
      bytes += base::to_text(model::to_json(stage, model::Detail::full)).size();
    }
    return bytes;
  };
  world_.wait_for(world_.start("level-1"), Status::succeeded);
  std::size_t all = 0;
  for (int level = 1; level <= 5; ++level) all += stored("level-" + std::to_string(level));
  EXPECT_LE(all, 5 * stored("level-5") * 12 / 10);
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
      for (int i = 1; i < 4; ++i) judge(ids[i], "continue");
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
