#include "model/execution_text.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "model/execution_json.h"

namespace gennaker::model {
namespace {

using base::from_millis;

Task some_task() {
  return {.id = "1",
          .name = "wait",
          .implementation = "waitTask",
          .status = Status::terminal,
          .start_time = from_millis(5),
          .loop_start = true,
          .exception_details = {{"error", "a \"quoted\" one\n"}}};
}

Stage some_stage() {
  Stage stage{
      .id = "S1", .ref_id = "1<2", .type = "wait", .name = "Wait – a while", .status = Status::running};
  stage.start_time = from_millis(7);
  stage.scheduled_time = from_millis(9);
  stage.context = {{"group", "first"}, {"waitTime", 30}, {"waitingFor", "30 s"}};
  stage.outputs = {{"done", true}};
  stage.tasks = {some_task(), some_task()};
  stage.owner = Owner::before;
  stage.parent_id = "S0";
  stage.requisites = {"1<1", "1<0"};
  stage.last_modified = {{"user", "anna"}};
  return stage;
}

Execution some_execution() {
  Execution execution;
  execution.id = "E1";
  execution.application = "shop";
  execution.name = "Deploy";
  execution.build_time = from_millis(3);
  execution.status = Status::running;
  execution.max_concurrent_executions = 4;
  execution.trigger = {{"type", "manual"}};
  execution.authentication = {{"user", "anna"}};
  execution.extra = {{"notifications", {1, 2}}, {"spelEvaluator", "v4"}, {"templateVariables", {{"a", 1}}}};
  execution.stages = {some_stage()};
  return execution;
}

template <class Thing, class Append>
std::string text_of(const Thing& thing, Append append) {
  std::string text;
  append(text, thing);
  return text;
}

TEST(ExecutionText, IsTheTextOfItsJson) {
  const Execution execution = some_execution();
  const Stage& stage = execution.stages[0];
  EXPECT_EQ(text_of(stage.tasks[0], append_task), base::to_text(to_json(stage.tasks[0])));
  EXPECT_EQ(text_of(stage, append_outline), base::to_text(to_json(stage, Detail::outline)));
  EXPECT_EQ(text_of(execution, append_header), base::to_text(header_to_json(execution)));
  for (const Detail detail : {Detail::full, Detail::outline}) {
    std::string text;
    append_execution(text, execution, detail);
    EXPECT_EQ(text, base::to_text(to_json(execution, detail)));
  }
}

TEST(ExecutionText, OfNothingSetIsTheTextOfItsJson) {
  EXPECT_EQ(text_of(Task{}, append_task), base::to_text(to_json(Task{})));
  EXPECT_EQ(text_of(Stage{}, append_outline), base::to_text(to_json(Stage{}, Detail::outline)));
  EXPECT_EQ(text_of(Execution{}, append_header), base::to_text(header_to_json(Execution{})));
  std::string text;
  append_execution(text, Execution{}, Detail::full);
  EXPECT_EQ(text, base::to_text(to_json(Execution{})));
}

TEST(ExecutionText, NewsLeaveOutWhatCanBeLarge) {
  const Execution execution = some_execution();
  const auto news = [](std::string& out, const auto& thing) { append_news(out, thing); };
  EXPECT_EQ(
      text_of(execution.stages[0], news),
      R"({"id":"S1","refId":"1<2","type":"wait","name":"Wait – a while","status":"RUNNING","startTime":7,)"
      R"("scheduledTime":9,"requisiteStageRefIds":["1<1","1<0"],"syntheticStageOwner":"STAGE_BEFORE",)"
      R"("parentStageId":"S0","context":{"group":"first"},"waitingFor":"30 s","lastModified":{"user":"anna"}})");
  EXPECT_EQ(text_of(execution, news),
            R"({"type":"PIPELINE","id":"E1","application":"shop","name":"Deploy","buildTime":3,)"
            R"("status":"RUNNING","canceled":false,"limitConcurrent":false,"keepWaitingPipelines":false,)"
            R"("maxConcurrentExecutions":4,"origin":"unknown","spelEvaluator":"v4"})");
}

}  // namespace
}  // namespace gennaker::model
