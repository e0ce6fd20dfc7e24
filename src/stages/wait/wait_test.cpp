#include "stages/wait/wait.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using model::Status;
using namespace std::chrono_literals;

class Wait : public ::testing::Test {
 protected:
  Wait() {
    runner::Catalogs catalogs = world_.catalogs();
    add_wait(catalogs);
  }
  Status wait(const std::string& context) {
    began_ = world_.clock().now();
    return world_.run(testing::execution({{.type = "wait", .context = context}}));
  }
  std::chrono::milliseconds passed() { return world_.clock().now() - began_; }

  testing::StageWorld world_;
  base::TimePoint began_;
};

TEST_F(Wait, NumbersAndTextsAndNothing) {
  EXPECT_EQ(wait(R"({"waitTime": 30})"), Status::succeeded);
  EXPECT_EQ(passed(), 30s);
  EXPECT_EQ(wait(R"({"waitTime": "30"})"), Status::succeeded);
  EXPECT_EQ(passed(), 30s);
  for (const std::string_view at_once :
       {R"({})", R"({"waitTime": 0})", R"({"waitTime": -5})", R"({"waitTime": null})"}) {
    EXPECT_EQ(wait(std::string(at_once)), Status::succeeded) << at_once;
    EXPECT_EQ(passed(), 0s) << at_once;
  }
}

TEST_F(Wait, WhatIsNoNumberNamesTheField) {
  for (const std::string_view odd : {R"("soon")", "true", "[1]", "1.5", "{}"}) {
    EXPECT_EQ(wait(fmt::format(R"({{"waitTime": {}}})", odd)), Status::terminal);
    EXPECT_NE(world_.error().find("waitTime: a number of seconds is needed"), std::string::npos) << odd;
  }
}

TEST_F(Wait, TheLargestNumberIsACentury) {
  EXPECT_EQ(wait(R"({"waitTime": 9223372036854775807})"), Status::succeeded);
  EXPECT_EQ(passed(), std::chrono::days(36'500));
}

TEST_F(Wait, Scenario34APauseDoesNotStopTheClock) {
  began_ = world_.clock().now();
  world_.run_until(testing::execution({{.type = "wait", .context = R"({"waitTime": 60})"}}),
                   [](const model::Execution& now) { return now.stages.front().status == Status::running; });
  world_.clock().advance(10s);
  world_.tell(engine::Pause{"ann"});
  EXPECT_EQ(world_.execution().status, Status::paused);
  world_.clock().advance(90s);
  EXPECT_EQ(world_.stage("wait").status, Status::paused);
  world_.tell(engine::Resume{"ann"});
  EXPECT_EQ(world_.execution().status, Status::running);
  EXPECT_EQ(world_.resume(), Status::succeeded);
  EXPECT_EQ(passed(), 100s) << "right after it was resumed";
}

}  // namespace
}  // namespace gennaker::stages
