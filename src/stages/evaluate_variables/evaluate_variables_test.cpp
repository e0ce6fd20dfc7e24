#include "stages/evaluate_variables/evaluate_variables.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "engine/engine.h"
#include "stages/bind_artifacts.h"
#include "stages/evaluate_artifacts/evaluate_artifacts.h"
#include "stages/noop/noop.h"
#include "stages/wait_for_condition/wait_for_condition.h"
#include "stages/wait_until/wait_until.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using gennaker::testing::execution;
using gennaker::testing::object;
using gennaker::testing::StageWorld;
using model::Status;

class SmallStages : public ::testing::Test {
 protected:
  SmallStages() {
    runner::Catalogs catalogs = world_.catalogs();
    add_evaluate_variables(catalogs);
    add_evaluate_artifacts(catalogs);
    add_bind_artifacts(catalogs);
    add_noop(catalogs);
    add_wait_for_condition(catalogs);
    add_wait_until(catalogs);
  }

  Status run(std::string type, std::string context) {
    auto made = execution({{.type = std::move(type), .context = std::move(context)}});
    made.trigger = object(R"({"parameters": {"version": "1.4"}})");
    return world_.run(std::move(made));
  }
  const model::Stage& stage() { return world_.execution().stages.front(); }

  StageWorld world_;
};

constexpr const char* three = R"({"variables": [
    {"key": "version", "value": "${parameters.version}"},
    {"key": "tag", "value": "v${version}", "description": "the tag"},
    {"key": "count", "value": 3}]})";

TEST_F(SmallStages, VariablesSeeTheEarlierOnes) {
  EXPECT_EQ(run("evaluateVariables", three), Status::succeeded);
  EXPECT_EQ(stage().outputs, object(R"({"version": "1.4", "tag": "v1.4", "count": 3})"));
  const auto& tag = stage().context.at("variables").at(1).as_object();
  EXPECT_EQ(
      tag,
      object(R"({"key": "tag", "value": "v1.4", "description": "the tag", "sourceValue": "v{version}"})"));
}

TEST_F(SmallStages, VariablesThatFailKeepTheirTextAndAreListed) {
  EXPECT_EQ(run("evaluateVariables", R"({"variables": [{"key": "a", "value": "${nothing.here}"},
                                                     {"key": "b", "value": "${a}"}]})"),
            Status::succeeded);
  EXPECT_EQ(stage().outputs.at("a"), "${nothing.here}");
  EXPECT_EQ(stage().outputs.at("b"), "${a}");
  EXPECT_TRUE(stage().context.at("expressionEvaluationSummary").as_object().contains("nothing.here") ||
              stage().context.at("expressionEvaluationSummary").as_object().size() == 2);
}

TEST_F(SmallStages, VariablesThatFailFailTheStageIfItSaysSo) {
  EXPECT_EQ(
      run("evaluateVariables",
          R"({"failOnFailedExpressions": true, "variables": [{"key": "a", "value": "${nothing.here}"}]})"),
      Status::terminal);
}

TEST_F(SmallStages, VariablesAreEvaluatedAnewAfterARestart) {
  run("evaluateVariables", three);
  model::Execution again = world_.execution();
  again.trigger = object(R"({"parameters": {"version": "2.0"}})");
  engine::advance(world_.catalogs().stages, again, engine::RestartStage{again.stages.front().id, "somebody"},
                  world_.clock().now());
  EXPECT_EQ(again.stages.front().context.at("variables").as_array(),
            object(three).at("variables").as_array());
  EXPECT_TRUE(again.stages.front().outputs.empty());
}

TEST_F(SmallStages, VariablesMustBeAList) {
  EXPECT_EQ(run("evaluateVariables", R"({"variables": {"a": 1}})"), Status::terminal);
  EXPECT_NE(world_.error().find("variables"), std::string::npos);
  EXPECT_EQ(run("evaluateVariables", R"({"variables": ["a"]})"), Status::terminal);
  EXPECT_NE(world_.error().find("variables[0]"), std::string::npos);
}

TEST_F(SmallStages, ArtifactsAreMadeOfTexts) {
  EXPECT_EQ(run("evaluateArtifacts",
                R"({"artifactContents": [{"name": "notes", "contents": "v${parameters.version}"}],
      "expectedArtifacts": [{"id": "e", "matchArtifact": {"name": "notes"}}]})"),
            Status::succeeded);
  const auto& made = stage().outputs.at("artifacts").at(0);
  EXPECT_EQ(made.at("type"), "embedded/base64");
  EXPECT_EQ(made.at("reference"), "djEuNA==");
  EXPECT_EQ(stage().outputs.at("resolvedExpectedArtifacts").at(0).at("boundArtifact"), made);
}

TEST_F(SmallStages, AnUnboundArtifactFailsTheStage) {
  EXPECT_EQ(run("evaluateArtifacts", R"({"artifactContents": [{"name": "notes", "contents": ""}],
      "expectedArtifacts": [{"id": "e", "matchArtifact": {"name": "other"}}]})"),
            Status::terminal);
  EXPECT_EQ(world_.error(), "Unmatched expected artifact 'e' could not be resolved.");
}

TEST_F(SmallStages, NoopIsSkipped) {
  EXPECT_EQ(run("noop", "{}"), Status::succeeded);
  EXPECT_EQ(stage().status, Status::skipped);
}

TEST_F(SmallStages, WaitUntilWaitsForItsTime) {
  const auto then = base::to_millis(world_.clock().now()) + 3 * 86'400'000;
  EXPECT_EQ(run("waitUntil", R"({"epochMillis": ")" + std::to_string(then) + R"("})"), Status::succeeded);
  EXPECT_EQ(base::to_millis(world_.clock().now()), then);
  EXPECT_TRUE(stage().context.contains("startTime"));
}

TEST_F(SmallStages, WaitUntilWithoutATimeIsOver) {
  EXPECT_EQ(run("waitUntil", "{}"), Status::succeeded);
  EXPECT_EQ(run("waitUntil", R"({"epochMillis": "soon"})"), Status::terminal);
  EXPECT_NE(world_.error().find("epochMillis"), std::string::npos);
}

TEST_F(SmallStages, ConditionsAreWaitedFor) {
  EXPECT_EQ(run("waitForCondition", "{}"), Status::succeeded);
  EXPECT_EQ(
      run("waitForCondition", R"({"conditions": [{"name": "here", "expression": "parameters.version"}]})"),
      Status::terminal);  // "1.4" is not true: an hour later it gives up
  EXPECT_NE(world_.error().find("timed out"), std::string::npos);
  EXPECT_EQ(
      run("waitForCondition", R"({"ready": true, "conditions": [{"name": "ready", "expression": "ready"}]})"),
      Status::succeeded);
  EXPECT_EQ(run("waitForCondition", R"({"status": "SKIPPED", "conditions": [{"expression": "never"}]})"),
            Status::succeeded);
}

}  // namespace
}  // namespace gennaker::stages
