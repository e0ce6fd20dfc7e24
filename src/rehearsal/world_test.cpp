#include "rehearsal/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "testing/rehearsals.h"

namespace gennaker::rehearsal {
namespace {

using gennaker::testing::Agreeable;
using gennaker::testing::small_shop;
using gennaker::testing::start_of;
using model::Status;
using namespace std::chrono_literals;
using ::testing::ElementsAre;

std::vector<std::string> kinds(const World& world) {
  std::vector<std::string> found;
  for (const Performed& one : world.performed()) found.push_back(one.operation.kind);
  return found;
}

TEST(RehearsalWorld, ADayOfWaitingTakesNoTime) {
  Agreeable outside;
  World world(small_shop(), outside);
  const std::string id = world.start(start_of("Wait", R"([{"type": "wait", "waitTime": 86400}])"));
  ASSERT_TRUE(world.run_until_rest(id));
  const auto execution = world.execution(id);
  EXPECT_EQ(execution->status, Status::succeeded);
  EXPECT_EQ(*execution->end_time - *execution->start_time, 24h);
}

TEST(RehearsalWorld, DeploysOnASimulatedCloud) {
  Agreeable outside;
  World world(small_shop(), outside);
  const std::string id = world.start(start_of("Deploy", R"([{"type": "deploy", "refId": "1",
      "clusters": [{"cloudProvider": "local", "account": "local", "region": "here", "application": "shop",
                    "stack": "main", "imageId": "image-1", "capacity": {"min": 2, "max": 2, "desired": 2},
                    "loadBalancers": ["shop"], "strategy": "redblack"}]}])"));
  ASSERT_TRUE(world.run_until_rest(id));
  EXPECT_EQ(world.execution(id)->status, Status::succeeded);
  EXPECT_THAT(kinds(world), ElementsAre("createServerGroup", "disableServerGroup"));
  const Performed& created = world.performed().front();
  EXPECT_EQ(created.answer.at("serverGroupName"), "shop-main-v002");
  EXPECT_EQ(created.by.execution_id, id);
  EXPECT_EQ(world.execution(id)->find_stage(created.by.stage_id)->type, "createServerGroup");
}

TEST(RehearsalWorld, StartsChildrenAndWaitsForThem) {
  Agreeable outside;
  World world(small_shop(), outside);
  auto child = start_of("Child", R"([{"type": "wait", "waitTime": 60}])").config;
  world.run(world.configurations().save(std::move(child), "ann", pipelines::Configurations::StaleCheck::no));
  const std::string id = world.start(start_of("Parent", R"([{"type": "pipeline", "pipeline": "Child"}])"));
  ASSERT_TRUE(world.run_until_rest(id));
  EXPECT_EQ(world.execution(id)->status, Status::succeeded);
  EXPECT_EQ(world.started().size(), 2U);
}

TEST(RehearsalWorld, TellsThatAnExecutionNeverEnds) {
  Agreeable outside;
  World world(small_shop(), outside);
  const std::string id = world.start(start_of("Wait", R"([{"type": "wait", "waitTime": 99999999999}])"));
  EXPECT_FALSE(world.run_until_rest(id));
}

TEST(RehearsalWorld, LetsSomebodyJudgeLater) {
  Agreeable outside;
  World world(small_shop(), outside);
  const std::string id = world.start(start_of("Ask", R"([{"type": "manualJudgment"}])"));
  const std::string stage = world.execution(id)->stages.front().id;
  world.after(2h, [&] {
    world.tell(id, engine::PatchStage{stage, {{"judgmentStatus", "continue"}}, "bob"});
  });
  ASSERT_TRUE(world.run_until_rest(id));
  const auto execution = world.execution(id);
  EXPECT_EQ(execution->status, Status::succeeded);
  EXPECT_EQ(*execution->end_time - *execution->start_time, 2h);
}

TEST(RehearsalWorld, ReadsAnotherStoreAndChangesNothingInIt) {
  store::MemoryStore real;
  base::SystemClock clock;
  base::SeededRandom random(1);
  pipelines::Configurations saved(real, clock, random);
  Agreeable outside;
  Setting setting = small_shop();
  setting.beneath = &real;
  World world(std::move(setting), outside);
  auto child =
      start_of("Child",
               R"([{"type": "deletePipeline", "pipeline": {"application": "shop", "name": "Child"}}])")
          .config;
  world.run(saved.save(std::move(child), "ann", pipelines::Configurations::StaleCheck::no));
  const std::string id = world.start(start_of("Parent", R"([{"type": "pipeline", "pipeline": "Child"}])"));
  ASSERT_TRUE(world.run_until_rest(id));
  EXPECT_EQ(world.execution(id)->status, Status::succeeded);
  EXPECT_FALSE(world.run(world.configurations().find("shop", "Child")));
  EXPECT_TRUE(world.run(saved.find("shop", "Child")));
}

TEST(RehearsalWorld, KeysSayWhoAsked) {
  const Asker asker = asker_of("01EXEC/01STAGE/1700/2/createServerGroup");
  EXPECT_EQ(asker.execution_id, "01EXEC");
  EXPECT_EQ(asker.stage_id, "01STAGE");
  EXPECT_EQ(asker.task_id, "2");
  EXPECT_EQ(asker_of("nonsense").stage_id, "");
}

}  // namespace
}  // namespace gennaker::rehearsal
