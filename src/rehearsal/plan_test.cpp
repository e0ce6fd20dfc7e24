#include "rehearsal/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "testing/builders.h"
#include "testing/rehearsals.h"

namespace gennaker::rehearsal {
namespace {

using gennaker::testing::object;
using gennaker::testing::small_shop;
using gennaker::testing::start_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Planning : public ::testing::Test {
 protected:
  Planning() { setting_.beneath = &saved_; }

  void save(const std::string& name, const std::string& stages, const std::string& more = "{}") {
    Setting empty = small_shop();
    empty.beneath = nullptr;
    boost::asio::io_context io;
    pipelines::Configurations configurations(saved_, clock_, random_);
    auto saving = configurations.save(start_of(name, stages, more).config, "ann",
                                      pipelines::Configurations::StaleCheck::no);
    boost::asio::co_spawn(io, std::move(saving), boost::asio::detached);
    io.run();
  }

  json::object plan(const std::string& stages, const std::string& more = "{}", json::object parameters = {}) {
    PlanRequest request{.config = start_of("Main", stages, more).config};
    request.trigger["parameters"] = std::move(parameters);
    plan_ = make_plan(setting_, std::move(request));
    return plan_;
  }
  const json::object& stage(std::size_t index) { return plan_.at("stages").at(index).as_object(); }
  std::vector<std::string> outcomes() {
    std::vector<std::string> found;
    for (const auto& one : plan_.at("stages").as_array())
      found.push_back(base::string_or(one.as_object(), "outcome", ""));
    return found;
  }
  /// "stage field: message" of each.
  std::vector<std::string> problems() {
    std::vector<std::string> found;
    for (const auto& one : plan_.at("problems").as_array()) {
      const json::object& problem = one.as_object();
      found.push_back(fmt::format("{} {}: {}", base::string_or(problem, "stage", ""),
                                  base::string_or(problem, "field", ""),
                                  base::string_or(problem, "message", "")));
    }
    return found;
  }
  static std::vector<std::string> kinds(const json::object& told) {
    std::vector<std::string> found;
    const auto add = [&](const json::object& part) {
      for (const auto& one : part.at("operations").as_array())
        found.push_back(base::string_or(one.as_object(), "kind", ""));
    };
    const std::function<void(const json::object&)> walk = [&](const json::object& part) {
      for (const auto& one : part.at("before").as_array()) walk(one.as_object());
      add(part);
      for (const auto& one : part.at("after").as_array()) walk(one.as_object());
    };
    walk(told);
    return found;
  }

  store::MemoryStore saved_;
  base::SystemClock clock_;
  base::SeededRandom random_{1};
  Setting setting_ = small_shop();
  json::object plan_;
};

TEST_F(Planning, ShowsTheOperationsOfADeployment) {
  plan(R"([{"refId": "1", "type": "bake", "name": "Bake", "cloudProviderType": "local", "account": "local",
            "region": "here", "package": "shop", "version": "${parameters.version}", "source": "/src"},
           {"refId": "2", "requisiteStageRefIds": ["1"], "type": "deploy", "name": "Deploy",
            "clusters": [{"cloudProvider": "local", "account": "local", "region": "here", "application": "shop",
              "stack": "main", "capacity": {"min": 2, "max": 2, "desired": 2}, "strategy": "redblack",
              "imageId": "${#stage('Bake').outputs.imageId}"}]}])",
       "{}", {{"version", "7"}});
  EXPECT_THAT(outcomes(), ElementsAre("runs", "runs")) << base::to_pretty_text(plan_);
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(kinds(stage(0)), ElementsAre("bake"));
  EXPECT_THAT(kinds(stage(1)), ElementsAre("createServerGroup", "disableServerGroup"));
  const json::object& image = stage(1).at("expressions").at(0).as_object();
  EXPECT_EQ(image.at("field"), "clusters[0].imageId");
  EXPECT_EQ(image.at("known"), false);
  EXPECT_THAT(base::string_or(image, "value", ""), HasSubstr("⟨id of image 'shop 7'⟩"));
}

TEST_F(Planning, ACustomStrategysStagesAreAboutTheClusterOfItsCaller) {
  const char* stages = R"([
      {"refId": "1", "type": "checkPreconditions", "preconditions": [{"type": "clusterSize", "context": {}}]},
      {"refId": "2", "requisiteStageRefIds": ["1"], "type": "resizeServerGroup", "target": "current_asg_dynamic",
       "action": "scale_exact", "capacity": {"min": 3, "max": 3, "desired": 3}},
      {"refId": "3", "requisiteStageRefIds": ["2"], "type": "scaleDownCluster", "cluster": "other",
       "regions": ["elsewhere"], "remainingFullSizeServerGroups": 0, "allowScaleDownActive": true}])";
  plan(stages, "{}",
       {{"strategy", true},
        {"cloudProvider", "local"},
        {"cluster", "shop-main"},
        {"credentials", "local"},
        {"region", "here"}});
  EXPECT_THAT(outcomes(), ElementsAre("runs", "runs", "runs")) << base::to_pretty_text(plan_);
  EXPECT_THAT(kinds(stage(1)), ElementsAre("resizeServerGroup"));
  EXPECT_THAT(kinds(stage(2)), ElementsAre("resizeServerGroup"));
  plan(stages, "{}", {{"cluster", "shop-main"}, {"credentials", "local"}, {"region", "here"}});
  EXPECT_THAT(outcomes(), ElementsAre("fails", ::testing::_, ::testing::_)) << base::to_pretty_text(plan_);
}

TEST_F(Planning, MarksWhatAWebhookWillTell) {
  plan(R"([{"refId": "1", "type": "webhook", "name": "Build", "url": "https://ci.example.com/build"},
           {"refId": "2", "requisiteStageRefIds": ["1"], "type": "deploy",
            "clusters": [{"cloudProvider": "local", "account": "local", "region": "here", "application": "shop",
              "stack": "main", "imageId": "${#stage('Build').context.webhook.body}", "strategy": "none"}]},
           {"refId": "3", "requisiteStageRefIds": ["2"], "type": "wait",
            "waitTime": "${#stage('Build').context.webhook.body.seconds}"},
           {"refId": "4", "requisiteStageRefIds": ["3"], "type": "wait", "waitTime": 1,
            "stageEnabled": {"type": "expression",
                             "expression": "#stage('Build').context.webhook.body.go == 'yes'"}}])");
  EXPECT_THAT(outcomes(), ElementsAre("runs", "runs", "runs", "may run")) << base::to_pretty_text(plan_);
  EXPECT_THAT(problems(), IsEmpty()) << base::to_pretty_text(plan_);
  EXPECT_THAT(kinds(stage(1)), ElementsAre("createServerGroup"));
  EXPECT_EQ(stage(2).at("expressions").at(0).at("known"), false);
  EXPECT_THAT(base::string_or(stage(3), "condition", ""), HasSubstr("body.go"));
}

TEST_F(Planning, AssumesThatPeopleAgreeAndThatUnknownConditionsHold) {
  plan(R"([{"refId": "1", "type": "manualJudgment", "name": "Ask"},
           {"refId": "2", "requisiteStageRefIds": ["1"], "type": "checkPreconditions", "preconditions": [
             {"type": "expression", "context": {"expression": "#judgment('Ask') == 'yes'"}},
             {"type": "expression", "context": {"expression": "${#judgment('Ask') == 'yes'}"}}]},
           {"refId": "3", "requisiteStageRefIds": ["2"], "type": "wait", "waitTime": 3600}])");
  EXPECT_THAT(outcomes(), ElementsAre("runs", "runs", "runs")) << base::to_pretty_text(plan_);
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_FALSE(stage(0).at("assumed").as_array().empty());
}

TEST_F(Planning, FindsWhatIsKnownToFail) {
  plan(R"([{"refId": "1", "type": "checkPreconditions", "preconditions": [
             {"type": "expression", "context": {"expression": "1 == 2"}}]},
           {"refId": "2", "requisiteStageRefIds": ["1"], "type": "wait"}])");
  EXPECT_THAT(outcomes(), ElementsAre("fails", "not reached"));
  EXPECT_THAT(problems(), ::testing::Contains(HasSubstr("1 == 2")));
}

TEST_F(Planning, KnowsNotWhetherAConditionHoldsThatLooksAsIfItDid) {
  plan(R"([{"refId": "1", "type": "webhook", "name": "Call", "url": "https://x.example.com"},
           {"refId": "2", "requisiteStageRefIds": ["1"], "type": "wait", "stageEnabled":
             {"type": "expression", "expression": "#stage('Call').context.webhook.body != 'no'"}},
           {"refId": "3", "requisiteStageRefIds": ["1"], "type": "wait", "stageEnabled":
             {"type": "expression", "expression": "#stage('Call').status.toString() == 'SUCCEEDED'"}}])");
  EXPECT_THAT(outcomes(), ElementsAre("runs", "may run", "runs")) << base::to_pretty_text(plan_);
}

TEST_F(Planning, SkipsWhatIsKnownToBeOff) {
  plan(R"([{"refId": "1", "type": "wait",
            "stageEnabled": {"type": "expression", "expression": "parameters.env == 'prod'"}}])",
       "{}", {{"env", "test"}});
  EXPECT_THAT(outcomes(), ElementsAre("skipped"));
}

TEST_F(Planning, FindsEveryProblemAtOnce) {
  plan(R"([{"refId": "1", "type": "wiat"},
           {"refId": "2", "type": "resizeServerGroup", "cloudProvider": "local", "credentials": "locl"},
           {"refId": "3", "type": "wait", "name": "Three", "waitTime": "${1 +}"},
           {"refId": "4", "type": "wait", "comments": "${#stage('Thre').status} ${parameters.nope}"},
           {"refId": "5", "type": "pipeline", "pipeline": "nowhere"}])",
       R"({"parameterConfig": [{"name": "size", "required": true}]})");
  EXPECT_THAT(
      problems(),
      ::testing::IsSupersetOf(
          {HasSubstr("1 type: stage type 'wiat' is unknown to this server; did you mean 'wait'?"),
           HasSubstr("2 credentials: account 'locl'"),
           HasSubstr("3 waitTime: the expression cannot be parsed"), HasSubstr("4 comments: #stage('Thre')"),
           HasSubstr("4 comments: parameter 'nope' is not declared"),
           HasSubstr("5 pipeline: there is no pipeline 'nowhere'")}));
}

TEST_F(Planning, KnowsTypesWithTheirCloudsName) {
  plan(R"([{"refId": "1", "type": "wait", "providerType": "local"}])");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(outcomes(), ElementsAre("runs"));
}

TEST_F(Planning, GoesOnWithoutARequiredParameter) {
  plan(R"([{"refId": "1", "type": "wait", "comments": "${parameters.size}"}])",
       R"({"parameterConfig": [{"name": "size", "required": true}]})");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("Required parameter size is missing")));
  EXPECT_THAT(outcomes(), ElementsAre("runs"));
  EXPECT_EQ(stage(0).at("expressions").at(0).at("known"), false);
}

TEST_F(Planning, ShowsChildrenAndCircles) {
  save("B", R"([{"refId": "1", "type": "pipeline", "pipeline": "C"}])");
  save("C", R"([{"refId": "1", "type": "pipeline", "pipeline": "B", "stageEnabled":
                 {"type": "expression", "expression": "false"}}])");
  plan(R"([{"refId": "1", "type": "pipeline", "pipeline": "B", "pipelineParameters": {"x": 1}}])");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("'B' does not declare parameter 'x'"),
                                      HasSubstr("call each other in a circle: B → C → B")));
  const json::object& child = stage(0).at("child").as_object();
  EXPECT_EQ(child.at("name"), "B");
  EXPECT_EQ(child.at("stages").at(0).at("child").at("name"), "C");
}

TEST_F(Planning, FindsChildrenInTheApplicationThatTheStageNames) {
  save("Deploy", R"([{"refId": "1", "type": "wait"}])", R"({"application": "web"})");
  for (const char* fields :
       {R"("pipelineApplication": "web", "application": "nowhere")", R"("application": "web")"}) {
    plan(fmt::format(R"([{{"refId": "1", "type": "pipeline", "pipeline": "Deploy", {}}}])", fields));
    EXPECT_THAT(problems(), IsEmpty()) << fields;
    EXPECT_EQ(stage(0).at("child").at("name"), "Deploy") << fields;
  }
}

TEST_F(Planning, AssumesConditionsOfChildrenToo) {
  save("B", R"([{"refId": "1", "type": "webhook", "name": "Call", "url": "https://x.example.com"},
                {"refId": "2", "requisiteStageRefIds": ["1"], "type": "wait", "stageEnabled":
                 {"type": "expression", "expression": "#stage('Call').context.webhook.body.go"}}])");
  plan(R"([{"refId": "1", "type": "pipeline", "pipeline": "B"}])");
  const json::object& child = stage(0).at("child").as_object();
  EXPECT_EQ(child.at("stages").at(1).at("outcome"), "may run");
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Planning, RefusesABrokenGraphWithTheReason) {
  plan(R"([{"refId": "1", "requisiteStageRefIds": ["2"], "type": "wait"},
           {"refId": "2", "requisiteStageRefIds": ["1"], "type": "wait"}])");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("cycle")));
}

TEST_F(Planning, ChangesNothing) {
  save("B", R"([{"refId": "1", "type": "wait"}])");
  plan(R"([{"refId": "1", "type": "deletePipeline", "pipeline": {"application": "shop", "name": "B"}}])");
  EXPECT_THAT(outcomes(), ElementsAre("runs"));
  gennaker::testing::Agreeable outside;
  World world(setting_, outside);
  EXPECT_TRUE(world.run(world.configurations().find("shop", "B")));
}

}  // namespace
}  // namespace gennaker::rehearsal
