#include "stages/monitor_pipeline/monitor_pipeline.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "testing/pipeline_world.h"

namespace gennaker::stages {
namespace {

namespace json = boost::json;
using model::Status;

class MonitorPipeline : public ::testing::Test {
 protected:
  MonitorPipeline() {
    world_.save("good", R"([{"refId": "1", "type": "evaluateVariables",
                             "variables": [{"key": "colour", "value": "blue"}]}])");
    world_.save("bad", R"([{"refId": "1", "type": "boom", "name": "x", "message": "no luck"}])");
    world_.save("asks", R"([{"refId": "1", "type": "manualJudgment"}])");
  }

  std::string ended(const std::string& name, Status status) {
    std::string id = world_.start(name);
    world_.wait_for(id, status);
    return id;
  }
  std::string monitor(const std::string& ids, const std::string& more = "") {
    world_.save(
        "watcher",
        fmt::format(R"([{{"refId": "1", "type": "monitorPipeline"{}, "executionIds": [{}]}}])", more, ids));
    return world_.start("watcher");
  }
  static std::string quoted(const std::string& id) { return "\"" + id + "\""; }
  static std::string told(const model::Execution& execution) {
    return base::to_text(execution.stages.front().context);
  }

  testing::PipelineWorld world_;
};

TEST_F(MonitorPipeline, OneThatSucceededHandsOnWhatItPutOut) {
  const std::string id = ended("good", Status::succeeded);
  const model::Execution watched = world_.wait_for(monitor(quoted(id)), Status::succeeded);
  const json::object& outputs = watched.stages.front().outputs;
  EXPECT_EQ(outputs.at("colour"), "blue");
  EXPECT_EQ(outputs.at("executionStatuses").at(id).at("status"), "SUCCEEDED");
  EXPECT_EQ(outputs.at("executionStatuses").at(id).at("application"), "shop");
}

TEST_F(MonitorPipeline, WaitsForAllAndThenTellsWhatFailed) {
  const std::string bad = ended("bad", Status::terminal), open = world_.start("asks");
  const std::string watcher = monitor(quoted(bad) + "," + quoted(open));
  world_.wait_until(watcher,
                    [](const auto& now) { return told(now).find("waitingFor") != std::string::npos; });
  const model::Execution asked = world_.wait_for(open, Status::running);
  world_.tell(open, engine::PatchStage{asked.stages.front().id, {{"judgmentStatus", "continue"}}, "ann"});
  const model::Execution watched = world_.wait_for(watcher, Status::terminal);
  EXPECT_NE(told(watched).find("Exception in child pipeline stage (bad: x): no luck"), std::string::npos);
  EXPECT_FALSE(watched.stages.front().outputs.contains("colour")) << "of several, none is the child";
}

TEST_F(MonitorPipeline, FailFastDoesNotWait) {
  const std::string bad = ended("bad", Status::terminal), open = world_.start("asks");
  world_.wait_for(monitor(quoted(open) + "," + quoted(bad), R"(, "monitorBehavior": "FailFast")"),
                  Status::terminal);
  EXPECT_EQ(world_.execution(open).status, Status::running) << "what is watched is left alone";
}

TEST_F(MonitorPipeline, ACanceledOneCancels) {
  const std::string open = world_.start("asks");
  const std::string watcher = monitor(quoted(open));
  world_.tell(open, engine::Cancel{"bob", ""});
  const model::Execution watched = world_.wait_for(watcher, Status::canceled);
  EXPECT_NE(told(watched).find("At least one monitored pipeline was cancelled"), std::string::npos);
}

TEST_F(MonitorPipeline, NamesWhatIsWrong) {
  EXPECT_NE(told(world_.wait_for(monitor(""), Status::terminal)).find("no pipeline execution ids to monitor"),
            std::string::npos);
  EXPECT_NE(told(world_.wait_for(monitor("\"01NOSUCH\""), Status::terminal)).find("01NOSUCH is not known"),
            std::string::npos);
  EXPECT_NE(told(world_.wait_for(monitor("\"x\"", R"(, "monitorBehavior": "Relaxed")"), Status::terminal))
                .find("monitorBehavior: WaitForAllToComplete or FailFast is needed, not 'Relaxed'"),
            std::string::npos);
}

}  // namespace
}  // namespace gennaker::stages
