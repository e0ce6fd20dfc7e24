#include "engine/engine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "base/json.h"
#include "engine/advancer.h"
#include "engine/turn.h"
#include "testing/engine_world.h"

namespace gennaker::engine {
namespace {

using model::Status;
using enum model::Status;
constexpr auto ok = succeeded;

using World = gennaker::testing::EngineWorld;

constexpr std::string_view go_on = R"({"continuePipeline":true})";
constexpr std::string_view halt_branch = R"({"failPipeline":false})";
constexpr std::string_view fail_at_the_end = R"({"failPipeline":false,"completeOtherBranchesThenFail":true})";
using Statuses = std::map<std::string, Status>;

// Numbers are those of the acceptance scenarios in docs/compatibility.md.

TEST(Scenario, S01IgnoredFailureLetsTheJoinStart) {
  World world({{"A", go_on}, {"B"}, {"J<-A,B"}});
  world.end("A", terminal);
  EXPECT_EQ(world.status("J"), not_started);
  world.end("B", ok);
  world.end("J", ok);
  EXPECT_EQ(world.statuses(), (Statuses{{"A", failed_continue}, {"B", ok}, {"J", ok}}));
  EXPECT_EQ(world.execution.status, ok);
}

TEST(Scenario, S02HaltedBranchLetsOthersEnd) {
  World world({{"A", halt_branch}, {"B"}, {"J<-A,B"}, {"B2<-B"}});
  world.end("A", terminal);
  world.end("B", ok);
  EXPECT_EQ(world.execution.status, running);
  world.end("B2", ok);
  EXPECT_EQ(world.statuses(), (Statuses{{"A", stopped}, {"B", ok}, {"B2", ok}, {"J", not_started}}));
  EXPECT_EQ(world.execution.status, ok);
}

TEST(Scenario, S03HaltedBranchCanFailAtTheEnd) {
  World world({{"A", fail_at_the_end}, {"B"}, {"J<-A,B"}, {"B2<-B"}});
  world.end("A", terminal);
  world.end("B", ok);
  EXPECT_EQ(world.execution.status, running);
  world.end("B2", ok);
  EXPECT_EQ(world.statuses(), (Statuses{{"A", stopped}, {"B", ok}, {"B2", ok}, {"J", not_started}}));
  EXPECT_EQ(world.execution.status, terminal);
}

TEST(Scenario, S04FailureEndsOtherBranches) {
  World world({{"R"}, {"A<-R"}, {"A2<-A"}, {"B<-R"}, {"B2<-B"}, {"J<-A2,B2"}});
  world.end("R", ok);
  world.end("A", terminal);
  EXPECT_EQ(world.execution.status, terminal);
  EXPECT_FALSE(at_rest(world.execution)) << "B still runs";
  world.finish_cancels();
  EXPECT_EQ(world.statuses(), (Statuses{{"R", ok},
                                        {"A", terminal},
                                        {"A2", not_started},
                                        {"B", canceled},
                                        {"B2", not_started},
                                        {"J", not_started}}));
  EXPECT_TRUE(at_rest(world.execution));
}

TEST(Scenario, S05FailedAfterStageFailsTheStage) {
  World world({{"P", R"({"tasks":["t"],"after":[{"tasks":["x"]}]})"}, {"N<-P"}});
  world.end("P", ok);
  EXPECT_EQ(world.status("P"), running);
  world.end("P>1", terminal);
  EXPECT_EQ(world.statuses(), (Statuses{{"P>1", terminal}, {"P", terminal}, {"N", not_started}}));
  EXPECT_EQ(world.execution.status, terminal);
}

constexpr std::string_view with_rescue =
    R"({"tasks":["t"],"onFailure":[{"name":"F1","tasks":["f"]},{"name":"F2","tasks":["f"]}]})";

TEST(Scenario, S06OnFailureStagesRunOneAfterAnother) {
  World world({{"P", with_rescue}});
  world.end("P", terminal);
  EXPECT_EQ(world.status("P"), running);
  EXPECT_EQ(world.status("P>1"), running);
  EXPECT_EQ(world.status("P>2"), not_started);
  world.end("P>1", ok);
  world.end("P>2", ok);
  EXPECT_EQ(world.status("P"), terminal);
  EXPECT_EQ(world.execution.status, terminal);
}

TEST(Scenario, S06OnFailureStagesCountOnBehindAfterStages) {
  World world({{"P", R"({"tasks":["t"],"after":[{"name":"A1","tasks":["a"]},{"name":"A2","tasks":["a"]}],
                         "onFailure":[{"name":"F1","tasks":["f"]}]})"}});
  world.end("P", ok);
  const std::string id = world.stage("P>2").id;
  const Outcome outcome = world.tell(TaskReport{world.stage("P>1").id, "1", terminal, {}, {}});
  EXPECT_EQ(world.stage("P>2").name, "F1");
  EXPECT_EQ(world.stage("P>2").id, id) << "in the place of one that never began";
  EXPECT_THAT(outcome.removed_stages, ::testing::Not(::testing::Contains(id)))
      << "what is stored must not go";
  EXPECT_EQ(world.status("P"), running);
  world.end("P>2", ok);
  EXPECT_EQ(world.status("P"), terminal) << "a rescue does not heal";
}

TEST(Scenario, S07FailedRescueIsNotRepeated) {
  World world({{"P", with_rescue}});
  world.end("P", terminal);
  world.end("P>1", terminal);
  EXPECT_EQ(world.statuses(), (Statuses{{"P", terminal}, {"P>1", terminal}, {"P>2", not_started}}));
}

TEST(Scenario, S08IgnoredFailureRunsAfterStagesOnly) {
  World world({{"P", R"({"tasks":["t"],"continuePipeline":true,"after":[{"name":"A1","tasks":["a"]}],
                         "onFailure":[{"name":"F1","tasks":["f"]}]})"},
               {"N<-P"}});
  world.end("P", terminal);
  world.end("P>1", ok);
  EXPECT_EQ(world.stage("P>1").name, "A1");
  EXPECT_EQ(world.status("P"), failed_continue);
  EXPECT_EQ(world.status("N"), running);
}

TEST(Scenario, S09FailedContinueChildEndsItsSiblings) {
  World world({{"P", R"({"tasks":["t"],"after":[{"tasks":["a"],"continuePipeline":true},{"tasks":["a"]}]})"},
               {"N<-P"}});
  world.end("P", ok);
  world.end("P>1", terminal);
  EXPECT_EQ(world.status("P>2"), not_started);
  EXPECT_EQ(world.status("P"), failed_continue);
  EXPECT_EQ(world.status("N"), running);
}

TEST(Scenario, S10SiblingsMayContinue) {
  World world({{"P", R"({"tasks":["t"],"after":[{"tasks":["a"],"continuePipeline":true,
                         "allowSiblingStagesToContinueOnFailure":true},{"tasks":["a"]}]})"}});
  world.end("P", ok);
  world.end("P>1", terminal);
  EXPECT_EQ(world.status("P>2"), running);
  world.end("P>2", ok);
  EXPECT_EQ(world.status("P"), failed_continue);
}

TEST(Scenario, S11FailedContinueBeforeStageSkipsTheTasks) {
  World world(
      {{"P", R"({"tasks":["t"],"before":[{"tasks":["b"],"continuePipeline":true},{"tasks":["b"]}]})"}});
  world.end("P<1", terminal);
  EXPECT_EQ(world.status("P<2"), not_started);
  EXPECT_EQ(world.stage("P").tasks.front().status, not_started);
  EXPECT_EQ(world.status("P"), failed_continue);
}

TEST(Scenario, S11AfterStagesRunBehindAnIgnoredBeforeStage) {
  World world({{"P", R"({"tasks":["t"],"before":[{"tasks":["b"],"continuePipeline":true}],
                         "after":[{"tasks":["a"]}]})"},
               {"N<-P"}});
  world.end("P<1", terminal);
  EXPECT_EQ(world.stage("P").tasks.front().status, not_started);
  EXPECT_EQ(world.status("P>1"), running);
  world.end("P>1", ok);
  EXPECT_EQ(world.status("P"), failed_continue);
  EXPECT_EQ(world.status("N"), running);
}

class CanceledInBeforeStage : public ::testing::TestWithParam<std::string> {};

TEST_P(CanceledInBeforeStage, S12S13EndsCanceledWhateverTheOptions) {
  World world({{"P", "{" + GetParam() + R"("tasks":["t"],"before":[{"tasks":["b"]},{"tasks":["b"]}],
                     "onFailure":[{"name":"F","tasks":["f"]}]})"},
               {"N<-P"}});
  world.tell(Cancel{"ann", "changed my mind"});
  EXPECT_EQ(world.execution.status, running) << "until its tasks have seen it";
  world.finish_cancels();
  EXPECT_EQ(world.statuses(),
            (Statuses{{"P<1", canceled}, {"P<2", not_started}, {"P", canceled}, {"N", not_started}}));
  EXPECT_EQ(world.execution.status, canceled);
  EXPECT_EQ(world.execution.canceled_by, "ann");
  EXPECT_EQ(world.execution.cancellation_reason, "changed my mind");
  EXPECT_TRUE(at_rest(world.execution));
}

INSTANTIATE_TEST_SUITE_P(Options, CanceledInBeforeStage,
                         ::testing::Values("", R"("failPipeline":false,)", R"("continuePipeline":true,)"));

TEST(Scenario, S13AStageThatIgnoresFailuresIsCanceledAllTheSame) {
  for (const std::string_view options : {go_on, halt_branch, fail_at_the_end}) {
    World world({{"A", options}, {"N<-A"}});
    world.tell(Cancel{"ann", ""});
    world.finish_cancels();
    EXPECT_EQ(world.statuses(), (Statuses{{"A", canceled}, {"N", not_started}})) << options;
    EXPECT_EQ(world.execution.status, canceled);
  }
}

TEST(Scenario, S12AFailureBehindACancelRescuesNothing) {
  World world({{"P", R"({"tasks":["t"],"onFailure":[{"name":"F","tasks":["f"]}]})"}});
  world.tell(Cancel{"ann", ""});
  world.end("P", terminal);  // it failed before it saw the cancel
  EXPECT_EQ(world.statuses().size(), 1u);
  EXPECT_TRUE(model::is_complete(world.execution.status));
}

TEST(Scenario, S14NothingStartsAfterACancel) {
  World world({{"A"}, {"B<-A"}});
  world.tell(Cancel{"ann", ""});
  world.end("A", ok);  // its run had ended already when the cancel came
  EXPECT_EQ(world.status("B"), not_started);
  EXPECT_EQ(world.execution.status, canceled);
}

TEST(Scenario, S15FailedChildEndsAtOnce) {
  World world({{"P", R"({"parallel":true,"before":[{"tasks":["b"]},{"tasks":["b"]}]})"}});
  world.end("P<1", terminal);
  EXPECT_EQ(world.status("P"), terminal);
  EXPECT_EQ(world.execution.status, terminal);
  world.finish_cancels();
  EXPECT_EQ(world.status("P<2"), canceled);
  EXPECT_EQ(world.status("P"), terminal);
}

TEST(Scenario, S16RestartBesideACanceledSiblingStaysCanceled) {
  World world({{"B1"}, {"B2<-B1"}, {"C1"}, {"J<-B2,C1"}});
  world.end("B1", terminal);
  world.finish_cancels();
  world.tell(RestartStage{"id-B1", "ann"});
  EXPECT_EQ(world.execution.status, running);
  world.end("B1", ok);
  world.end("B2", ok);
  EXPECT_EQ(world.status("J"), not_started);
  EXPECT_EQ(world.execution.status, canceled);
}

TEST(Scenario, S17RestartBesideASiblingThatSucceeded) {
  World world({{"B1"}, {"B2<-B1"}, {"C1"}, {"J<-B2,C1"}});
  world.end("C1", ok);
  world.end("B1", terminal);
  world.tell(RestartStage{"id-B1", "ann"});
  for (const std::string_view ref : {"B1", "B2", "J"}) world.end(ref, ok);
  EXPECT_EQ(world.statuses(), (Statuses{{"B1", ok}, {"B2", ok}, {"C1", ok}, {"J", ok}}));
  EXPECT_EQ(world.execution.status, ok);
  for (const model::Stage& stage : world.execution.stages)
    EXPECT_EQ(stage.context.contains("restartDetails"), stage.ref_id == "B1") << stage.ref_id;
}

TEST(Scenario, S18RestartOfWhatSucceededRunsItAndWhatFollows) {
  World world({{"A"}, {"B<-A"}, {"C<-B"}});
  for (const std::string_view ref : {"A", "B", "C"}) world.end(ref, ok);
  const model::Stage before = world.stage("A");
  world.now += std::chrono::seconds(10);
  world.tell(RestartStage{"id-B", "ann"});
  EXPECT_EQ(world.statuses(), (Statuses{{"A", ok}, {"B", running}, {"C", not_started}}));
  EXPECT_FALSE(world.stage("C").start_time.has_value());
  EXPECT_TRUE(world.stage("B").context.at("restartDetails").at("previousException").is_null());
  EXPECT_EQ(world.execution.start_time, world.now);
  EXPECT_FALSE(world.execution.end_time.has_value());
  world.end("B", ok);
  world.end("C", ok);
  EXPECT_EQ(world.execution.status, ok);
  EXPECT_EQ(world.stage("A").end_time, before.end_time);
}

TEST(Scenario, S18RestartAfterAFailureRunsTheStageAndWhatFollows) {
  World world({{"A"}, {"B<-A"}, {"C<-B"}});
  world.end("A", ok);
  world.end("B", terminal, {{"exception", json::object{{"exceptionType", "X"}}}});
  world.now += std::chrono::seconds(10);
  world.tell(RestartStage{"id-B", "ann"});
  EXPECT_EQ(world.status("A"), ok);
  EXPECT_EQ(world.status("B"), running);
  EXPECT_EQ(world.execution.start_time, world.now);
  EXPECT_FALSE(world.stage("B").context.contains("exception"));
  const auto* details = base::find_object(world.stage("B").context, "restartDetails");
  ASSERT_NE(details, nullptr);
  EXPECT_EQ(base::string_or(*details, "restartedBy", ""), "ann");
  world.end("B", ok);
  world.end("C", ok);
  EXPECT_EQ(world.execution.status, ok);
}

TEST(Scenario, S19RestartOfASyntheticRestartsItsParent) {
  World world({{"P", R"({"tasks":["t"],"after":[{"tasks":["a"]}]})"}});
  world.end("P", ok);
  world.end("P>1", terminal);
  const std::string child = world.stage("P>1").id;
  world.now += std::chrono::seconds(1);
  const Outcome outcome = world.tell(RestartStage{child, "ann"});
  EXPECT_EQ(outcome.removed_stages, std::vector<std::string>{child});
  EXPECT_EQ(world.status("P"), running);
  EXPECT_EQ(world.statuses().size(), 1U);
  world.end("P", ok);
  EXPECT_NE(world.stage("P>1").id, child);
}

TEST(Scenario, S20RunningStageIsNotRestarted) {
  World world({{"A"}});
  const Outcome outcome = world.tell(RestartStage{"id-A", "ann"});
  ASSERT_TRUE(outcome.refused);
  EXPECT_EQ(outcome.refused->kind, Refused::Kind::conflict);
  EXPECT_EQ(world.status("A"), running);
}

TEST(Scenario, S22RestartBehindAFailureFailsAgain) {
  World world({{"A"}, {"B<-A"}});
  world.end("A", terminal);
  world.tell(RestartStage{"id-B", "ann"});
  EXPECT_EQ(world.status("B"), not_started);
  EXPECT_EQ(world.execution.status, terminal);
}

TEST(Scenario, S30StageWithNothingToDoIsSkipped) {
  World empty({{"A", R"({"tasks":[]})"}, {"B<-A", R"({"tasks":[]})"}});
  EXPECT_EQ(empty.statuses(), (Statuses{{"A", skipped}, {"B", skipped}}));
  EXPECT_EQ(empty.execution.status, ok);
  World none(std::vector<World::StageText>{});
  EXPECT_EQ(none.execution.status, terminal);
}

class Optional : public ::testing::TestWithParam<std::string> {};

TEST_P(Optional, S31StageThatIsOffIsSkipped) {
  World world({{"A"},
               {"B<-A", R"({"stageEnabled":{"type":"expression","expression":")" + GetParam() + R"("}})"},
               {"C<-B"}});
  world.end("A", ok, {}, {{"off", false}});
  EXPECT_EQ(world.status("B"), skipped);
  EXPECT_TRUE(world.stage("B").tasks.empty());
  world.end("C", ok);
  EXPECT_EQ(world.execution.status, ok);
}

INSTANTIATE_TEST_SUITE_P(Expressions, Optional, ::testing::Values("off", "no.such[", "nothing"));

TEST(Scenario, S32StageMaySucceedWhenItTimesOut) {
  World world({{"A", R"({"tasks":["a","b"],"stageTimeoutMs":1000,"markSuccessfulOnTimeout":true})"}});
  const auto limit = deadline(world.execution, world.stage("A"), world.stage("A").tasks[0], std::nullopt);
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->at, world.now + std::chrono::seconds(1));
  world.tell(TaskTimedOut{"id-A", "1", limit->message});
  world.end("A", ok);
  EXPECT_EQ(world.execution.status, ok);
}

TEST(Scenario, S33TimeOutFailsTheStageAndSaysSo) {
  World world({{"A", R"({"stageTimeoutMs":90000})"}});
  const auto limit = deadline(world.execution, world.stage("A"), world.stage("A").tasks[0], std::nullopt);
  EXPECT_EQ(limit->message, "Stage A timed out after 90 s");
  world.tell(TaskTimedOut{"id-A", "1", limit->message});
  EXPECT_EQ(world.status("A"), terminal);
  EXPECT_TRUE(world.stage("A").context.contains("exception"));
}

TEST(Scenario, S34PausedTimeDoesNotCount) {
  World world({{"A", R"({"stageTimeoutMs":60000})"}});
  world.now += std::chrono::seconds(10);
  world.tell(Pause{"ann"});
  EXPECT_EQ(world.execution.status, Status::paused);
  EXPECT_EQ(world.status("A"), Status::paused);
  EXPECT_TRUE(pending(world.execution).empty());
  world.now += std::chrono::seconds(90);
  const Outcome outcome = world.tell(Resume{"ann"});
  EXPECT_EQ(outcome.effects.size(), 1U) << "the task is asked again";
  EXPECT_EQ(world.status("A"), running);
  const auto limit = deadline(world.execution, world.stage("A"), world.stage("A").tasks[0], std::nullopt);
  EXPECT_EQ(limit->at, base::from_millis(1'000'000) + std::chrono::seconds(150));
  world.end("A", ok);
  EXPECT_EQ(world.execution.status, ok);
}

TEST(Scenario, S41OnlySkippableStagesAreSkippedByHand) {
  World world({{"A", R"({"skippable":true})"}, {"B<-A"}});
  EXPECT_FALSE(world.tell(PatchStage{"id-A", {{"manualSkip", true}}, "ann"}).refused);
  EXPECT_EQ(world.status("A"), skipped);
  const Outcome refused = world.tell(PatchStage{"id-B", {{"manualSkip", true}}, "ann"});
  ASSERT_TRUE(refused.refused);
  EXPECT_EQ(refused.refused->kind, Refused::Kind::not_allowed);
  EXPECT_EQ(world.status("B"), running);
  EXPECT_FALSE(world.stage("B").context.contains("manualSkip"));
}

struct PlanningCase {
  std::string_view options;
  Status stage;
};
class PlanningFails : public ::testing::TestWithParam<PlanningCase> {};

TEST_P(PlanningFails, S42ByTheStagesOptions) {
  World world({{"A", GetParam().options}});
  EXPECT_EQ(world.status("A"), GetParam().stage);
  EXPECT_TRUE(world.stage("A").tasks.empty());
  EXPECT_TRUE(world.stage("A").context.contains("exception"));
}

INSTANTIATE_TEST_SUITE_P(Options, PlanningFails,
                         ::testing::Values(PlanningCase{R"({"refuse":1})", terminal},
                                           PlanningCase{R"({"refuse":1,"failPipeline":false})", stopped},
                                           PlanningCase{R"({"refuse":1,"continuePipeline":true})",
                                                        failed_continue}));

TEST_P(PlanningFails, S42AlsoWhenItThrows) {
  std::string context(GetParam().options);
  context.replace(context.find("refuse"), 6, "stumble");
  World world({{"A", context}});
  EXPECT_EQ(world.status("A"), GetParam().stage);
  EXPECT_NE(base::to_text(world.stage("A").context).find("stumbled over its plan"), std::string::npos);
}

TEST(Scenario, S42PlanningOfAfterStagesAlwaysFailsTheStage) {
  for (const std::string_view options : {"", R"(,"failPipeline":false)", R"(,"continuePipeline":true)"}) {
    World world({{"A", fmt::format(R"({{"tasks":["t"],"stumbleAfter":1{}}})", options)}, {"N<-A"}});
    world.end("A", ok);
    EXPECT_EQ(world.statuses(), (Statuses{{"A", terminal}, {"N", not_started}})) << options;
    EXPECT_EQ(world.execution.status, terminal);
    EXPECT_EQ(world.stage("A").context.at("exception").at("operation"), "A:ConstructAfterStages");
  }
}

TEST(Turn, LateReportsChangeNothing) {
  World world({{"A"}, {"B<-A"}});
  world.end("A", ok);
  const auto before = world.statuses();
  const Outcome late = world.tell(TaskReport{"id-A", "1", terminal, {{"x", 1}}, {}});
  EXPECT_TRUE(late.changed_stages.empty());
  EXPECT_EQ(world.statuses(), before);
  EXPECT_FALSE(world.stage("A").context.contains("x"));
}

TEST(Turn, GivesTheSameIdsForTheSameEvents) {
  const std::string_view stage = R"({"before":[{"tasks":["b"]},{"tasks":["b"]}]})";
  World first({{"P", stage}}), second({{"P", stage}});
  EXPECT_EQ(first.stage("P<1").id, second.stage("P<1").id);
  EXPECT_NE(first.stage("P<1").id, first.stage("P<2").id);
}

TEST(Turn, OutputsDoNotCarryTheTimeOut) {
  World world({{"A"}});
  world.end("A", ok, {}, {{"stageTimeoutMs", 5}, {"image", "i-1"}});
  EXPECT_EQ(base::to_text(world.stage("A").outputs), R"({"image":"i-1"})");
}

TEST(Turn, ALongChainOfEmptyStagesNeedsNoStack) {
  std::vector<std::string> graph{"0"};
  for (int i = 1; i < 2000; ++i) graph.push_back(std::to_string(i) + "<-" + std::to_string(i - 1));
  std::vector<World::StageText> stages;
  for (const std::string& text : graph) stages.push_back({text, R"({"tasks":[]})"});
  EXPECT_EQ(World(stages).execution.status, ok);
}

std::string refs_of(const std::vector<const model::Stage*>& stages) {
  std::string refs;
  for (const model::Stage* stage : stages) refs += (refs.empty() ? "" : " ") + stage->ref_id;
  return refs;
}

/// Itself; what it requires, in the execution's order; the synthetic stages of those; then what is before
/// each.
TEST(Ancestors, OfAJoinWithSyntheticStages) {
  World world(
      {{"R"},
       {"B<-R", R"({"tasks":["t"],"before":[{"tasks":["b"]}],"after":[{"tasks":["a"]},{"tasks":["a"]}]})"},
       {"A<-R"},
       {"J<-A,B"}});
  for (const std::string_view ref : {"R", "B<1", "B", "B>1", "A"}) world.end(ref, ok);
  EXPECT_EQ(refs_of(ancestors(world.execution, world.stage("J"))), "J B A B<1 B>1 B>2 R");
  EXPECT_EQ(refs_of(ancestors(world.execution, world.stage("B>1"))), "B>1 B<1 B R");
  EXPECT_EQ(refs_of(ancestors(world.execution, world.stage("B>2"))), "B>2 B>1 B<1 B R")
      << "it reaches its parent through its sibling";
  EXPECT_EQ(refs_of(ancestors(world.execution, world.stage("B<1"))), "B<1 B R");
}

TEST(Ancestors, NearestFirstAndNotBesides) {
  World world({{"A"}, {"B<-A"}, {"X<-A"}, {"J<-B"}});
  const auto found = ancestors(world.execution, world.stage("J"));
  std::vector<std::string> refs;
  for (const auto* stage : found) refs.push_back(stage->ref_id);
  EXPECT_EQ(refs, (std::vector<std::string>{"J", "B", "A"}));
}

TEST(Expressions, AreResolvedWhenTheStageStarts) {
  World world({{"A"}, {"B<-A", R"({"image":"${imageId}","from":"${ trigger.user }"})"}});
  world.execution.trigger = {{"user", "ann"}};
  world.end("A", ok, {}, {{"imageId", "i-7"}});
  EXPECT_EQ(base::string_or(world.stage("B").context, "image", ""), "i-7");
  EXPECT_EQ(base::string_or(world.stage("B").context, "from", ""), "ann");
}

TEST(Engine, Scenario39FailedExpressionsFailAStageThatSaysSo) {
  for (const bool strict : {true, false}) {
    World world(
        {{"A", strict ? R"({"continuePipeline": true, "failOnFailedExpressions": true, "x": "${ nowhere }"})"
                      : R"({"continuePipeline": true, "x": "${ nowhere }"})"}});
    world.end("A", ok);
    EXPECT_EQ(world.status("A"), strict ? terminal : ok);
    EXPECT_EQ(world.execution.status, strict ? terminal : ok);
    const auto& details = world.stage("A").context.at("exception").at("details").as_object();
    EXPECT_EQ(details.at("errors").as_array().size(), 1u);
  }
}

TEST(Engine, AnIgnoredFailureKeepsWhatItsTasksSaid) {
  World world({{"A", R"({"continuePipeline": true})"}});
  world.end("A", terminal,
            {{"exception", json::object{{"details", json::object{{"errors", json::array{"boom"}}}}}}});
  EXPECT_EQ(world.status("A"), failed_continue);
  const auto& errors = world.stage("A").context.at("exception").at("details").at("errors").as_array();
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0], "boom");
  EXPECT_EQ(errors[1], "t:");
}

TEST(Engine, WhatAUserWroteWhereWeWriteDoesNoHarm) {
  World world({{"A", R"({"expressionEvaluationSummary": {"x": 5, "y": [1, {"description": "why"}]},
                         "exception": "odd", "restartDetails": 7, "stageEnabled": "no"})"}});
  world.end("A", ok);
  EXPECT_EQ(world.status("A"), ok);
}

TEST(Engine, ATaskCannotEndWithWhatIsNoEnding) {
  for (const Status odd : {not_started, Status::paused, Status::buffered, Status::redirect}) {
    World world({{"A", R"({"tasks":["a","b"]})"}});
    world.end("A", odd);
    EXPECT_EQ(world.status("A"), terminal) << model::to_string(odd);
    EXPECT_NE(base::to_text(world.stage("A").context).find("no ending"), std::string::npos);
  }
}

TEST(Engine, AnIgnoredTaskFailureLetsTheNextTaskRun) {
  World world({{"A", R"({"tasks":["a","b"],"continuePipeline":true})"}});
  world.end("A", terminal);
  EXPECT_EQ(world.stage("A").tasks[1].status, running);
  world.end("A", ok);
  EXPECT_EQ(world.status("A"), failed_continue);
}

/// The child's options count for the child, then the parent's for the parent.
TEST(Engine, AStoppedChildStopsItsParentWhateverThatSays) {
  World world({{"P", R"({"tasks":["t"],"continuePipeline":true,
                         "before":[{"tasks":["b"],"failPipeline":false}]})"}});
  world.end("P<1", terminal);
  EXPECT_EQ(world.status("P"), stopped);
  EXPECT_EQ(world.execution.status, ok);
}

TEST(Engine, ATimeOutSaysWhatWasWaitedFor) {
  World world({{"A", R"({"stageTimeoutMs":90000})"}});
  world.tell(TaskReport{"id-A", "1", running, {{"waitingFor", "1 of 2 instances healthy"}}, {}});
  world.tell(TaskTimedOut{"id-A", "1", "Stage A timed out after 90 s"});
  EXPECT_EQ(world.stage("A").context.at("exception").at("details").at("errors").at(0),
            "Stage A timed out after 90 s; it waited for 1 of 2 instances healthy");
}

TEST(Engine, ATimeOutHoldsForTheStagesBelow) {
  World world({{"P", R"({"stageTimeoutMs":"60000","before":[{"tasks":["b"],"before":[{"tasks":["c"]}]}]})"}});
  const model::Stage& inner = world.stage("P<1<1");
  ASSERT_EQ(inner.status, running);
  world.now += std::chrono::seconds(10);
  const auto limit = deadline(world.execution, inner, inner.tasks[0], std::chrono::hours(5));
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->at, *world.stage("P").start_time + std::chrono::seconds(60));
  EXPECT_EQ(limit->message, "Stage P timed out after 60 s");
}

TEST(Engine, AnAbsurdTimeOutIsFarAway) {
  for (const std::string_view huge : {"9223372036854775807", "\"9223372036854775807\"", "1e300"}) {
    World world({{"A", fmt::format(R"({{"stageTimeoutMs":{}}})", huge)}});
    const auto limit = deadline(world.execution, world.stage("A"), world.stage("A").tasks[0], std::nullopt);
    EXPECT_TRUE(!limit || limit->at > world.now + std::chrono::hours(24 * 365)) << huge;
  }
}

TEST(Engine, WhatCameTooLateIsNotStarted) {
  World world({{"A"}, {"B<-A"}, {"C<-B"}});
  world.execution.stages[1].start_time_expiry = world.now - std::chrono::seconds(1);
  world.end("A", ok);
  EXPECT_EQ(world.statuses(), (Statuses{{"A", ok}, {"B", skipped}, {"C", running}}));

  model::Execution late = World({{"A"}}).execution;
  late.status = not_started;
  late.start_time_expiry = world.now - std::chrono::seconds(1);
  StageCatalog catalog;
  advance(catalog, late, Start{}, world.now);
  EXPECT_EQ(late.status, canceled);
  EXPECT_EQ(late.cancellation_reason, "Could not begin execution before start time expiry");
}

TEST(Engine, ARestartWaitsForAResumeAndForACancel) {
  World world({{"A"}, {"B"}});
  world.end("A", ok);
  world.tell(Pause{"ann"});
  EXPECT_TRUE(world.tell(RestartStage{"id-A", "ann"}).refused);
  EXPECT_EQ(world.execution.status, Status::paused);
  world.tell(Resume{"ann"});
  world.tell(Cancel{"ann", ""});
  EXPECT_TRUE(world.tell(RestartStage{"id-A", "ann"}).refused) << "B still cleans up";
  world.finish_cancels();
  EXPECT_FALSE(world.tell(RestartStage{"id-A", "ann"}).refused);
}

TEST(Engine, ARestartBeginsWhatACancellationKeptFromBeginning) {
  World world({{"A"}, {"B<-A"}, {"C"}, {"D<-C"}});
  world.tell(Cancel{"ann", ""});
  world.end("A", ok);
  world.end("C", canceled);
  ASSERT_EQ(world.execution.status, canceled);
  ASSERT_EQ(world.status("B"), not_started);
  world.tell(RestartStage{"id-C", "ann"});
  EXPECT_EQ(world.status("B"), running) << "else the execution would wait for it for ever";
  for (const std::string_view ref : {"B", "C", "D"}) world.end(ref, ok);
  EXPECT_EQ(world.execution.status, ok);
}

TEST(Engine, AnEndingReachesAStageWhoseNextPartHasNotBegun) {
  World world({{"A", R"({"tasks":["t"],"before":[{"tasks":["b"]},{"tasks":["c"]}]})"}, {"B"}});
  world.tell(Cancel{"ann", ""});
  world.end("A<1", ok);  // it was too late to cancel it
  EXPECT_EQ(world.status("A<2"), not_started);
  EXPECT_EQ(world.status("A"), canceled) << "else it could neither end nor be restarted";
  world.end("B", canceled);
  EXPECT_EQ(world.execution.status, canceled);
}

TEST(Engine, ARestartWhileWhatIsBehindItRunsEndsWhenBothHaveEnded) {
  World world({{"A"}, {"B<-A"}});
  world.end("A", ok);
  world.tell(RestartStage{"id-A", "ann"});
  world.end("B", ok);
  EXPECT_EQ(world.execution.status, running);
  world.end("A", ok);
  EXPECT_EQ(world.execution.status, ok);
}

TEST(Engine, ARestartOfAStageThatNeverBeganBeginsWithWhatItRequires) {
  World world({{"A"}, {"B<-A"}});
  world.execution.status = not_started;
  world.execution.stages[0].status = not_started;
  world.execution.stages[0].tasks.clear();
  world.tell(Cancel{"ann", "it waited"});
  ASSERT_EQ(world.execution.status, canceled);
  world.tell(RestartStage{"id-B", "ann"});
  EXPECT_EQ(world.status("A"), running);
  world.end("A", ok);
  world.end("B", ok);
  EXPECT_EQ(world.execution.status, ok);
}

TEST(Engine, AnAdHocTaskKnowsNeitherPauseNorChangesNorOptionalStages) {
  World world({{"A"}, {"B<-A", R"({"stageEnabled":{"type":"expression","expression":"false"}})"}});
  world.execution.type = model::ExecutionType::orchestration;
  for (const Event& event : {Event(Pause{"ann"}), Event(Resume{"ann"}), Event(RestartStage{"id-A", "ann"}),
                             Event(PatchStage{"id-A", {{"x", 1}}, "ann"})}) {
    const Outcome outcome = world.tell(event);
    ASSERT_TRUE(outcome.refused);
    EXPECT_EQ(outcome.refused->kind, Refused::Kind::invalid);
  }
  world.end("A", ok);
  EXPECT_EQ(world.status("B"), running) << "stageEnabled is for pipelines";
  world.tell(Cancel{"ann", ""});
  world.finish_cancels();
  EXPECT_EQ(world.execution.status, canceled);
}

TEST(Engine, ADryRunKeepsTheShapeAndDoesNothing) {
  World world(
      {{"P", R"({"tasks":["a","b"],"before":[{"tasks":["x","y"]}],"after":[{"looks":true,"tasks":["z"]}]})"},
       {"N<-P", R"({"tasks":[]})"}},
      {{"dryRun", true}});
  const auto tasks = [&](std::string_view ref) {
    std::string names;
    for (const model::Task& task : world.stage(ref).tasks) names += task.name + " ";
    return names;
  };
  EXPECT_EQ(tasks("P<1"), "dryRun ");
  world.end("P<1", ok);
  EXPECT_EQ(tasks("P"), "dryRun ");
  world.end("P", ok);
  EXPECT_EQ(tasks("P>1"), "z ") << "it only looks";
  world.end("P>1", ok);
  EXPECT_EQ(world.status("N"), skipped);
  EXPECT_EQ(world.execution.status, ok);
}

TEST(Engine, WhatAStageKeepsToItselfIsNotSeenBehindIt) {
  World world({{"A", R"({"keepsToItself":true})"}, {"B<-A", R"({"seen":"${ image }"})"}});
  world.end("A", ok, {}, {{"image", "i-1"}});
  EXPECT_TRUE(world.stage("A").outputs.empty());
  EXPECT_EQ(world.stage("B").context.at("seen"), "${ image }");
}

TEST(Engine, ATypeByItsAliasOrWithItsCloudsName) {
  for (const std::string_view context : {R"({"alias":"scripted"})", R"({"providerType":"local"})"}) {
    World world({{"A", context}});
    model::Execution again = world.execution;
    again.stages[0].type = "scripted_local";
    again.stages[0].tasks.clear();
    again.stages[0].status = again.status = not_started;
    StageCatalog catalog;
    catalog.add(std::make_unique<gennaker::testing::ScriptedStage>());
    advance(catalog, again, Start{}, world.now);
    EXPECT_EQ(again.stages[0].status, running) << context;
  }
}

TEST(Engine, FiveThousandStagesThatOneWaitsFor) {
  std::vector<std::string> graphs;
  std::string join = "J<-";
  for (int i = 0; i < 5'000; ++i) {
    graphs.push_back(fmt::format("S{}", i));
    join += fmt::format("{}S{}", i == 0 ? "" : ",", i);
  }
  graphs.push_back(join);
  std::vector<World::StageText> stages;
  for (const std::string& graph : graphs) stages.push_back({graph, R"({"expr":"${ nothing }"})"});
  World world(stages);
  for (int i = 0; i < 5'000; ++i)
    world.tell(TaskReport{fmt::format("id-S{}", i), "1", ok, {}, {{fmt::format("o{}", i), i}}});
  EXPECT_EQ(world.status("J"), running);
  EXPECT_EQ(ancestors(world.execution, world.stage("J")).size(), 5'001u);
}

TEST(Engine, FiveThousandStagesInAChainAndSideBySide) {
  std::vector<std::string> graphs;
  for (int i = 0; i < 5'000; ++i)
    graphs.push_back(fmt::format("S{}{}", i, i == 0 ? "" : fmt::format("<-S{}", i - 1)));
  std::vector<World::StageText> chain, wide;
  for (const std::string& graph : graphs)
    chain.push_back({graph, R"({"stageEnabled": {"type": "expression", "expression": "false"}})"});
  World in_a_row(chain);
  EXPECT_EQ(in_a_row.execution.status, ok);
  for (std::string& graph : graphs) graph = graph.substr(0, graph.find('<'));
  for (const std::string& graph : graphs) wide.push_back({graph, "{}"});
  World side_by_side(wide);
  EXPECT_EQ(side_by_side.status("S4999"), running);
}

}  // namespace
}  // namespace gennaker::engine
