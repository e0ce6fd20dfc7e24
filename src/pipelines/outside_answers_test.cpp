#include "pipelines/outside_answers.h"

#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "testing/builders.h"
#include "testing/pipeline_world.h"

namespace gennaker::pipelines {
namespace {

using expressions::Answer;
using expressions::Question;
using ::testing::HasSubstr;
using Kind = Question::Kind;
using namespace std::chrono_literals;

/// Answers in turn; the last answer is given for ever.
class Script final : public net::HttpClient {
 public:
  net::Async<net::ClientResponse> send(net::ClientRequest request) override {
    urls.push_back(request.url);
    const net::ClientResponse answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    if (answer.status == 0) throw base::Error(base::Kind::unavailable, "no such host");
    co_return answer;
  }
  std::deque<net::ClientResponse> answers;
  std::vector<std::string> urls;
};

class Outside : public ::testing::Test {
 protected:
  Answer ask(Kind kind, std::string subject, std::string scope = "") {
    OutsideAnswers answers({applications, configurations, script, fence, 1ms});
    return world.run(answers.answer({kind, std::move(subject), std::move(scope)}));
  }

  gennaker::testing::PipelineWorld world;
  base::SystemClock clock;
  base::SystemRandom random;
  Applications applications{world.store(), clock};
  Configurations configurations{world.store(), clock, random};
  Script script;
  std::shared_ptr<const net::UrlFence> fence = std::make_shared<net::UrlFence>(net::UrlRules{});
};

TEST_F(Outside, UrlsAnswerWithTheirBody) {
  script.answers = {{200, {}, "[1]"}};
  EXPECT_EQ(ask(Kind::url, "https://example.com/list").value, "[1]");
}

TEST_F(Outside, AUrlIsAskedTwiceWhenItMayHelp) {
  for (const int status : {0, 429, 500, 503, 504}) {
    script.answers = {{status, {}, ""}, {200, {}, "hello"}};
    EXPECT_EQ(ask(Kind::url, "https://example.com/").value, "hello") << status;
  }
  script.urls.clear();
  script.answers = {{404, {}, "no"}};
  EXPECT_EQ(ask(Kind::url, "https://ann:secret@example.com/x?token=1").error,
            "https://example.com/x answered with status 404");
  EXPECT_EQ(script.urls.size(), 1U);
  script.answers = {{0, {}, ""}};
  EXPECT_EQ(ask(Kind::url, "https://example.com/").error, "no such host");
  EXPECT_EQ(script.urls.size(), 3U);
}

TEST_F(Outside, TheFenceHolds) {
  script.answers = {{200, {}, "secret"}};
  EXPECT_FALSE(ask(Kind::url, "http://169.254.169.254/latest").error.empty());
  EXPECT_FALSE(ask(Kind::url, "file:///etc/passwd").error.empty());
  EXPECT_TRUE(script.urls.empty());
}

TEST_F(Outside, KnowsPipelinesAndApplications) {
  world.save("Deploy", "[]");
  EXPECT_EQ(ask(Kind::pipeline_id, "Deploy", "shop").value, "Deploy");
  EXPECT_TRUE(ask(Kind::pipeline_id, "Bake", "shop").value.is_null());
  EXPECT_TRUE(ask(Kind::pipeline_id, "Deploy", "bank").value.is_null());
  EXPECT_THAT(ask(Kind::application, "shop").error, HasSubstr("'shop'"));
}

TEST_F(Outside, WhatIsNotThere) {
  EXPECT_TRUE(ask(Kind::canary_config, "c", "shop").value.is_null());
  EXPECT_EQ(ask(Kind::artifact, "ref://x").value, "ref://x");
}

// ---- Through the whole runner ----

using gennaker::testing::object;
using gennaker::testing::PipelineWorld;
using model::Status;

TEST(OpenQuestions, AreAnsweredInRunningStages) {
  PipelineWorld world;
  world.answers().url("https://example.com/who", "world");
  world.answers().known[{Kind::pipeline_id, "Bake", "shop"}].value = "p-bake";
  world.save("Greet", R"([{"type": "wait", "refId": "1", "waitTime": 0,
                           "greeting": "hello ${#fromUrl('https://example.com/who')}",
                           "id": "${#pipelineId('Bake')}", "gone": "${#fromUrl('https://example.com/gone')}"}])");
  const model::Execution run = world.wait_for(world.start("Greet"), Status::succeeded);
  const json::object& context = run.stages.front().context;
  EXPECT_EQ(context.at("greeting"), "hello world");
  EXPECT_EQ(context.at("id"), "p-bake");
  EXPECT_THAT(base::to_text(context.at("expressionEvaluationSummary")), HasSubstr("nobody knows"));
}

TEST(OpenQuestions, APipelinesOwnFieldsAreEvaluatedWhenItStarts) {
  PipelineWorld world;
  world.answers().url("https://example.com/who", "ann@example.com");
  world.save("Deploy ${1}",
             R"([{"type": "wait", "refId": "1", "waitTime": 0, "own": "${name}", "name": "x"}])",
             R"({"notifications": [{"address": "${#fromUrl('https://example.com/who')}",
                                    "to": "${parameters.env}-${templateVariables.size}", "no": "${parameters.no}"}],
                 "templateVariables": {"a": 1}})");
  const std::string id = world.start("Deploy ${1}", object(R"({"parameters": {"env": "prod"}})"));
  const model::Execution run = world.wait_for(id, Status::succeeded);
  EXPECT_EQ(run.name, "Deploy 1");
  const auto& notification = run.extra.at("notifications").at(0).as_object();
  EXPECT_EQ(notification.at("address"), "ann@example.com");
  EXPECT_EQ(notification.at("to"), "prod-1");
  EXPECT_EQ(notification.at("no"), "${parameters.no}") << "what is not there stays as it is written";
  EXPECT_FALSE(run.extra.contains("expressionEvaluationSummary"));
  EXPECT_EQ(run.stages.front().name, "x");
}

TEST(OpenQuestions, TheTriggerOfAChildIsEvaluatedFirst) {
  PipelineWorld world;
  world.save("Child", R"([{"type": "wait", "refId": "1", "waitTime": 0}])",
             R"({"notifications": [{"to": "${trigger.parameters.env}"}]})");
  const std::string id = world.start(
      "Child",
      object(R"({"type": "pipeline", "parentExecutionId": "P", "parameters": {"env": "${'pr' + 'od'}"}})"));
  const model::Execution run = world.wait_for(id, Status::succeeded);
  EXPECT_EQ(run.extra.at("notifications").at(0).at("to"), "prod");
  EXPECT_EQ(run.trigger.at("parameters").at("env"), "prod");
}

}  // namespace
}  // namespace gennaker::pipelines
