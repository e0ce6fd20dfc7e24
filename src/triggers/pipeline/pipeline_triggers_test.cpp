#include "triggers/pipeline/pipeline_triggers.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/json.h"
#include "testing/pipeline_world.h"

namespace gennaker::triggers {
namespace {

using model::Status;

constexpr auto booms = R"([{"refId": "1", "type": "boom"}])";
constexpr auto waits = R"([{"refId": "1", "type": "wait", "waitTime": 0}])";

std::string following(const std::string& followed, const std::string& status) {
  return R"({"triggers": [{"type": "pipeline", "enabled": true, "pipeline": ")" + followed +
         R"(", "status": [")" + status +
         R"("]}], "parameterConfig": [{"name": "colour", "default": "blue"}]})";
}

TEST(PipelineTrigger, Scenario44OneFollowsAFailure) {
  testing::PipelineWorld world;
  world.save("p", booms);
  world.save("q", waits, following("p", "failed"));
  world.save("other", waits, following("p", "successful"));
  const std::string ended = world.start("p", {{"artifacts", json::array{json::object{{"name", "a"}}}}});
  world.wait_for(ended, Status::terminal);
  const auto followers = world.wait_for_executions("q", 1);
  ASSERT_EQ(followers.size(), 1u);
  const json::object& trigger = followers.front().trigger;
  EXPECT_EQ(base::string_or(trigger, "type", ""), "pipeline");
  EXPECT_EQ(base::string_or(trigger, "parentExecutionId", ""), ended);
  EXPECT_EQ(base::string_or(trigger, "user", ""), "ann");
  EXPECT_EQ(trigger.at("artifacts").as_array().size(), 1u);
  EXPECT_EQ(trigger.at("parameters").at("colour"), "blue");
  EXPECT_EQ(followers.front().root_id, ended);
  EXPECT_EQ(base::string_or(trigger, "correlationId", "").find(ended + "_null_q_"), 0u);
  world.wait_for(followers.front().id, Status::succeeded);
  EXPECT_TRUE(world.wait_for_executions("other", 0).empty());
}

TEST(PipelineTrigger, AnEndingThatIsSeenTwiceIsFollowedOnceAndARestartAnew) {
  testing::PipelineWorld world;
  world.save("p", booms);
  world.save("q", waits, following("p", "failed"));
  const std::string ended = world.start("p");
  world.wait_for_executions("q", 1);
  world.recover_triggers();
  EXPECT_EQ(world.wait_for_executions("q", 1).size(), 1u);
  world.wait_for(ended, Status::terminal);
  world.restart(ended, "1");
  EXPECT_EQ(world.wait_for_executions("q", 2).size(), 2u);
}

TEST(PipelineTrigger, AnEndingThatNobodySawIsFollowedAfterAStart) {
  testing::PipelineWorld world;
  world.save("p", booms);
  const std::string ended = world.start("p");
  world.wait_for(ended, Status::terminal);
  world.save("q", waits, following("p", "failed"));  // as if the server had stopped before it looked
  world.recover_triggers();
  EXPECT_EQ(world.wait_for_executions("q", 1).size(), 1u);
}

TEST(PipelineTrigger, AnEndingIsFollowedHoweverMuchCameAfterIt) {
  testing::PipelineWorld world;
  world.save("p", booms);
  const std::string ended = world.start("p");
  world.wait_for(ended, Status::terminal);
  store::Changes changes;
  for (int i = 0; i < 1500; ++i) {
    changes.feed.push_back({.at = base::SystemClock().now(),
                            .kind = "document",
                            .application = "shop",
                            .subject = "another",
                            .body = "{}"});
  }
  world.run(world.store().commit(std::move(changes)));
  world.save("q", waits, following("p", "failed"));
  world.recover_triggers();
  EXPECT_EQ(world.wait_for_executions("q", 1).size(), 1u);
}

TEST(PipelineTrigger, Scenario44CanceledIsNotFailed) {
  testing::PipelineWorld world;
  world.save("p", R"([{"refId": "1", "type": "manualJudgment"}])");
  world.save("failed", waits, following("p", "failed"));
  world.save("canceled", waits, following("p", "canceled"));
  const std::string ended = world.start("p");
  world.wait_for(ended, Status::running);
  world.tell(ended, engine::Cancel{"ann", ""});
  EXPECT_EQ(world.wait_for_executions("canceled", 1).size(), 1u);
  EXPECT_TRUE(world.wait_for_executions("failed", 0).empty());
}

}  // namespace
}  // namespace gennaker::triggers
