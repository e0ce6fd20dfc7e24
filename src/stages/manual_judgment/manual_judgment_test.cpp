#include "stages/manual_judgment/manual_judgment.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using model::Status;

std::optional<std::vector<std::string>> roles_of(const std::string& user) {
  if (user == "member") return std::vector<std::string>{"release"};
  return std::vector<std::string>{"guests"};
}

class Judgment : public ::testing::Test {
 protected:
  Judgment() {
    runner::Catalogs catalogs = world_.catalogs();
    add_manual_judgment(catalogs, roles_of);
  }

  void ask(const std::string& context) {
    world_.run_until(
        testing::execution({{.type = "manualJudgment", .context = context}}),
        [](const model::Execution& now) { return now.stages.front().status == Status::running; });
  }
  void judge(const std::string& judgment, const std::string& user) {
    world_.tell(engine::PatchStage{stage().id, {{"judgmentStatus", judgment}}, user});
  }
  const model::Stage& stage() { return world_.stage("manualJudgment"); }

  testing::StageWorld world_;
};

TEST_F(Judgment, Scenario40OnlyMembersMayJudge) {
  ask(R"({"failPipeline": false, "selectedStageRoles": ["release"]})");
  judge("continue", "outsider");
  world_.resume_until([](const model::Execution& now) {
    return base::string_or(now.stages.front().context, "judgmentStatus", "?").empty();
  });
  EXPECT_EQ(stage().status, Status::running);
  judge("STOP", "member");
  EXPECT_EQ(world_.resume(), Status::succeeded);
  EXPECT_EQ(stage().status, Status::stopped);
}

TEST_F(Judgment, AnotherWordIsNoJudgment) {
  ask("{}");
  judge("perhaps", "member");
  int turns = 0;
  world_.resume_until([&](const model::Execution&) { return ++turns > 4; });
  EXPECT_EQ(stage().status, Status::running);
  world_.tell(
      engine::PatchStage{stage().id, {{"judgmentStatus", "Continue"}, {"judgmentInput", "eu"}}, "ann"});
  EXPECT_EQ(world_.resume(), Status::succeeded);
  EXPECT_EQ(stage().context.at("judgmentInput"), "eu");
  EXPECT_EQ(stage().context.at("lastModifiedBy"), "ann");
  EXPECT_EQ(stage().last_modified.at("user"), "ann");
}

TEST_F(Judgment, ARestartedOneIsAskedAnewAndTellsAnew) {
  ask(R"({"notifications": [{"type": "email", "lastNotifiedByNotificationState": {"manualJudgment": 5}}, 7]})");
  world_.tell(engine::PatchStage{stage().id, {{"judgmentStatus", "stop"}, {"judgmentInput", "eu"}}, "ann"});
  EXPECT_EQ(world_.resume(), Status::terminal);
  world_.tell(engine::RestartStage{stage().id, "bob"});
  EXPECT_EQ(stage().status, Status::running);
  for (const std::string_view gone : {"judgmentStatus", "judgmentInput", "lastModifiedBy"})
    EXPECT_FALSE(stage().context.contains(gone)) << gone;
  EXPECT_EQ(base::to_text(stage().context.at("notifications")), R"([{"type":"email"},7])");
}

TEST_F(Judgment, TheNearestThatHandsOnDecides) {
  const auto judged = [](const std::string& ref) {
    testing::StageShape shape{.ref_id = ref, .type = "manualJudgment"};
    shape.context = R"({"propagateAuthenticationContext": true, "judgmentStatus": "continue"})";
    return shape;
  };
  testing::StageShape far = judged("1"), near = judged("2"), last;
  near.requires_stages = {"1"};
  last.ref_id = "3";
  last.requires_stages = {"2"};
  model::Execution execution = testing::execution({far, near, last});
  execution.authentication["user"] = "starter";
  for (int i = 0; i < 2; ++i) {
    execution.stages[i].status = Status::succeeded;
    execution.stages[i].last_modified["user"] = i == 0 ? "ann" : "bob";
  }
  EXPECT_EQ(engine::user_of(execution, execution.stages[2]), "bob");
  execution.stages[1].context["judgmentStatus"] = "stop";
  EXPECT_EQ(engine::user_of(execution, execution.stages[2]), "starter") << "it decides, and has no user";
}

TEST_F(Judgment, RequiredRolesWinOverSelectedOnes) {
  ask(R"({"selectedStageRoles": ["release"], "requiredJudgmentRoles": ["guests"]})");
  judge("continue", "anybody");
  EXPECT_EQ(world_.resume(), Status::succeeded);
}

TEST_F(Judgment, WhoeverJudgedLendsTheirNameToWhatFollows) {
  for (const bool hands_on : {true, false}) {
    model::Execution execution =
        testing::execution({{.type = "manualJudgment",
                             .context = hands_on ? R"({"propagateAuthenticationContext": true})" : "{}"},
                            {.ref_id = "2", .requires_stages = {"1"}}});
    execution.authentication["user"] = "starter";
    model::Stage& judged = execution.stages.front();
    judged.status = Status::succeeded;
    judged.context["judgmentStatus"] = "continue";
    judged.last_modified["user"] = "judge";
    EXPECT_EQ(engine::user_of(execution, execution.stages[1]), hands_on ? "judge" : "starter");
    EXPECT_EQ(engine::user_of(execution, judged), "starter");
    judged.status = Status::skipped;
    EXPECT_EQ(engine::user_of(execution, execution.stages[1]), "starter");
  }
}

TEST_F(Judgment, TimesOutAfterThreeDaysOrWhatTheStageSays) {
  EXPECT_EQ(world_.run(testing::execution({{.type = "manualJudgment"}})), Status::terminal);
  EXPECT_EQ(*stage().end_time - *stage().start_time, std::chrono::hours(72));
  EXPECT_EQ(world_.run(testing::execution(
                {{.type = "manualJudgment", .context = R"({"stageTimeoutMs": "3600000"})"}})),
            Status::terminal);
  EXPECT_EQ(*stage().end_time - *stage().start_time, std::chrono::hours(1));
}

}  // namespace
}  // namespace gennaker::stages
