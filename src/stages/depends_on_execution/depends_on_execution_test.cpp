#include "stages/depends_on_execution/depends_on_execution.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "testing/pipeline_world.h"

namespace gennaker::stages {
namespace {

using model::Status;

class DependsOnExecution : public ::testing::Test {
 protected:
  DependsOnExecution() {
    world_.save("asks", R"([{"refId": "1", "type": "manualJudgment"}])");
    first_ = world_.start("asks");
    world_.wait_for(first_, Status::running);
  }
  std::string depend_on(const std::string& id) {
    world_.save("later", R"([{"refId": "1", "type": "dependsOnExecution", "executionType": "PIPELINE",
                             "executionId": ")" +
                             id + "\"}]");
    return world_.start("later");
  }
  void judge(const std::string& judgment) {
    const std::string stage = world_.execution(first_).stages.front().id;
    world_.tell(first_, engine::PatchStage{stage, {{"judgmentStatus", judgment}}, "ann"});
  }

  testing::PipelineWorld world_;
  std::string first_;
};

TEST_F(DependsOnExecution, GoesOnWhenTheOtherHasSucceeded) {
  const std::string later = depend_on(first_);
  world_.wait_until(later, [](const auto& now) { return now.stages.front().context.contains("waitingFor"); });
  judge("continue");
  world_.wait_for(later, Status::succeeded);
}

TEST_F(DependsOnExecution, IsCanceledWhenTheOtherFails) {
  const std::string later = depend_on(first_);
  judge("stop");
  const model::Execution ended = world_.wait_for(later, Status::canceled);
  EXPECT_NE(base::string_or(ended.stages.front().context, "reason", "").find("ended TERMINAL"),
            std::string::npos);
}

TEST_F(DependsOnExecution, FailsWhenThereIsNone) {
  const model::Execution ended = world_.wait_for(depend_on("01NOSUCH"), Status::terminal);
  EXPECT_NE(base::to_text(ended.stages.front().context).find("executionId: execution 01NOSUCH is not known"),
            std::string::npos);
  world_.wait_for(depend_on(""), Status::terminal);
}

}  // namespace
}  // namespace gennaker::stages
