#include "stages/toggleable_pause/toggleable_pause.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using gennaker::testing::execution;
using gennaker::testing::StageWorld;
using model::Status;
using ::testing::HasSubstr;

model::Execution pause(const std::string& context) {
  return execution({{.type = "toggleablePause", .context = context}});
}

TEST(ToggleablePause, GoesOnUnlessItsSwitchIsOn) {
  StageWorld world;
  runner::Catalogs catalogs = world.catalogs();
  add_toggleable_pause(catalogs, {"freeze"});
  EXPECT_EQ(world.run(pause(R"({"pauseToggleKey": "thaw"})")), Status::succeeded);
}

TEST(ToggleablePause, WaitsForADayWhileItIsOn) {
  StageWorld world;
  runner::Catalogs catalogs = world.catalogs();
  add_toggleable_pause(catalogs, {"freeze"});
  const base::TimePoint begin = world.clock().now();
  world.run_until(pause(R"({"pauseToggleKey": "freeze"})"), [&](const model::Execution&) {
    return world.clock().now() - begin > std::chrono::hours(23);
  });
  EXPECT_EQ(world.execution().status, Status::running);
  EXPECT_EQ(world.resume(), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("timed out"));
}

TEST(ToggleablePause, NeedsAKey) {
  StageWorld world;
  runner::Catalogs catalogs = world.catalogs();
  add_toggleable_pause(catalogs, {});
  EXPECT_EQ(world.run(pause("{}")), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("pauseToggleKey: the name"));
}

}  // namespace
}  // namespace gennaker::stages
