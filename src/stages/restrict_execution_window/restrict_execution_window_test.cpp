#include "stages/restrict_execution_window/restrict_execution_window.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "stages/wait/wait.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using model::Status;
using testing::StageWorld;
using namespace std::chrono_literals;

class RestrictedWindow : public ::testing::Test {
 protected:
  RestrictedWindow() {
    runner::Catalogs catalogs = world_.catalogs();
    add_restrict_execution_window(catalogs, "UTC", random_);
    add_wait(catalogs);
    const auto tuesday = base::from_millis(1'764'057'600'000);  // 2025-11-25, 08:00 UTC
    world_.clock().advance(tuesday - world_.clock().now());
  }

  static model::Execution pipeline(const std::string& window, const std::string& more = "") {
    return testing::execution({{.context = R"({"waitTime": 60, "restrictExecutionDuringTimeWindow": true,)" +
                                           more + R"("restrictedExecutionWindow": )" + window + "}"}});
  }
  void run_until_scheduled(model::Execution execution) {
    world_.run_until(std::move(execution), [](const model::Execution& now) {
      return now.stages.front().scheduled_time.has_value();
    });
  }
  std::chrono::milliseconds since(base::TimePoint then) { return world_.clock().now() - then; }

  StageWorld world_;
  base::SeededRandom random_{7};
};

constexpr auto from_nine = R"({"whitelist": [{"startHour": 9, "endHour": 10}]})";

TEST_F(RestrictedWindow, WaitsInABeforeStageAndShowsUntilWhen) {
  const auto began = world_.clock().now();
  run_until_scheduled(pipeline(from_nine));
  const model::Stage& waiting = world_.execution().stages.front();
  EXPECT_EQ(waiting.ref_id, "1<1");
  EXPECT_EQ(waiting.type, "restrictExecutionDuringTimeWindow");
  EXPECT_EQ(*waiting.scheduled_time - began, 1h);
  EXPECT_EQ(world_.resume(), Status::succeeded);
  EXPECT_EQ(since(began), 1h) << "the wait counts from the start of its stage, which came before the window";
}

TEST_F(RestrictedWindow, Scenario28SkippedByHandWithItsJitter) {
  const auto began = world_.clock().now();
  run_until_scheduled(pipeline(
      R"({"whitelist": [{"startHour": 9, "endHour": 10}], "jitter": {"enabled": true, "maxDelay": 500}})"));
  const std::string id = world_.execution().stages.front().id;
  world_.tell(engine::PatchStage{id, {{"skipRemainingWait", true}, {"reason", "hotfix"}}, "ann"});
  EXPECT_EQ(world_.resume(), Status::succeeded);
  const model::Stage& skipped = world_.execution().stages.front();
  EXPECT_EQ(skipped.status, Status::succeeded);
  ASSERT_EQ(skipped.tasks.size(), 2u);
  EXPECT_EQ(base::string_or(skipped.context, "reason", ""), "hotfix");
  EXPECT_EQ(base::string_or(skipped.context, "lastModifiedBy", ""), "ann");
  EXPECT_EQ(since(began), 60s);
}

TEST_F(RestrictedWindow, Scenario29DaysAloneOpenAtMidnight) {
  const auto began = world_.clock().now();
  run_until_scheduled(pipeline(R"({"days": [4]})"));
  EXPECT_EQ(*world_.execution().stages.front().scheduled_time - began, 16h) << "Wednesday, 00:00";
  EXPECT_EQ(world_.resume(), Status::succeeded);
}

TEST_F(RestrictedWindow, Scenario33ItsTimeIsNotTheStagesTime) {
  // Of the wait, which counts from the stage's start, 90 s are left behind the window.
  EXPECT_EQ(world_.run(pipeline(from_nine, R"("waitTime": 3690, "stageTimeoutMs": 120000,)")),
            Status::succeeded);
}

TEST_F(RestrictedWindow, Scenario33TheStagesTimeCountsFromTheOpening) {
  EXPECT_EQ(world_.run(pipeline(from_nine, R"("waitTime": 3690, "stageTimeoutMs": 60000,)")),
            Status::terminal);
  EXPECT_EQ(world_.error(), "Stage wait timed out after 60 s");
}

TEST_F(RestrictedWindow, JitterCountsFromTheOpeningAndIsDrawnOnce) {
  const auto began = world_.clock().now();
  EXPECT_EQ(world_.run(pipeline(
                R"({"whitelist": [{"startHour": 9, "endHour": 10}],
                    "jitter": {"enabled": true, "minDelay": 100, "maxDelay": 200}})")),
            Status::succeeded);
  const model::Stage& window = world_.execution().stages.front();
  const auto drawn = base::whole_number(window.context, "jitterSeconds").value_or(0);
  EXPECT_GE(drawn, 100);
  EXPECT_LE(drawn, 200);
  EXPECT_EQ(*window.end_time - began, 1h + std::chrono::seconds(drawn));
}

TEST_F(RestrictedWindow, NothingBeginsOutsideThoughTheJitterEndsThere) {
  const auto began = world_.clock().now();
  EXPECT_EQ(world_.run(pipeline(
                R"({"whitelist": [{"startHour": 9, "endHour": 9, "endMin": 0}],
                    "jitter": {"enabled": true, "minDelay": 300, "maxDelay": 300}})")),
            Status::succeeded);
  EXPECT_EQ(*world_.execution().stages.front().end_time - began, 25h);
}

TEST_F(RestrictedWindow, NoHoursAndNoDaysFail) {
  EXPECT_EQ(world_.run(pipeline("{}")), Status::terminal);
  const model::Stage& window = world_.execution().stages.front();
  EXPECT_TRUE(window.context.contains("failureReason"));
  EXPECT_EQ(StageWorld::error_of(window),
            "restrictedExecutionWindow: needs hours (whitelist), days, or both");
}

}  // namespace
}  // namespace gennaker::stages
