#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/engine_world.h"

/// What expressions ask of the world outside.
namespace gennaker::engine {
namespace {

using model::Status;
using World = gennaker::testing::EngineWorld;
using enum model::Status;
constexpr auto ok = succeeded;

using expressions::Answers;
using expressions::Question;

const Question greeting{Question::Kind::url, "https://example.com/greeting?key=1", ""};
constexpr std::string_view asks_greeting = R"({"x": "${#fromUrl('https://example.com/greeting?key=1')}"})";

/// The last question that the world was asked; empty: none.
std::vector<Question> asked(World& world) {
  std::vector<Question> questions;
  for (const Effect& effect : std::exchange(world.effects, {})) {
    if (const auto* ask = std::get_if<Ask>(&effect)) questions = ask->questions;
  }
  return questions;
}

bool runs(const World& world, std::string_view ref) {
  const auto& tasks = world.stage(ref).tasks;
  return !tasks.empty() && tasks.front().status == running;
}

TEST(Questions, AStageWaitsForAnswersAndGoesOn) {
  World world({{"A", asks_greeting}});
  EXPECT_EQ(world.status("A"), running);
  EXPECT_FALSE(runs(world, "A"));
  EXPECT_EQ(world.stage("A").context.at("waitingFor"), "an answer: https://example.com/greeting");
  ASSERT_EQ(asked(world), std::vector{greeting});
  world.tell(Answered{"id-A", {{greeting, {"hello", ""}}}});
  EXPECT_TRUE(runs(world, "A"));
  EXPECT_EQ(world.stage("A").context.at("x"), "hello");
  EXPECT_FALSE(world.stage("A").context.contains("waitingFor"));
  EXPECT_FALSE(world.stage("A").context.contains("_openQuestions"));
  world.end("A", ok);
  EXPECT_EQ(world.execution.status, ok);
}

TEST(Questions, WhatHasNoAnswerKeepsItsTextAndSaysWhy) {
  World world({{"A", asks_greeting}});
  world.tell(Answered{"id-A", {{greeting, {nullptr, "there is no network"}}}});
  EXPECT_TRUE(runs(world, "A") || !asked(world).empty());
  for (int round = 0; round < 5 && !runs(world, "A"); ++round)
    world.tell(Answered{"id-A", {{greeting, {nullptr, "there is no network"}}}});
  ASSERT_TRUE(runs(world, "A"));
  EXPECT_TRUE(base::string_or(world.stage("A").context, "x", "").starts_with("${#fromUrl("));
  const auto& summary = world.stage("A").context.at("expressionEvaluationSummary").as_object();
  EXPECT_NE(base::to_text(summary).find("there is no network"), std::string::npos);
}

TEST(Questions, ArePendingAfterACrash) {
  World world({{"A", asks_greeting}});
  const auto effects = pending(world.execution);
  ASSERT_EQ(effects.size(), 1U);
  const auto& ask = std::get<Ask>(effects.front());
  EXPECT_EQ(ask.stage_id, "id-A");
  EXPECT_EQ(ask.questions, std::vector{greeting});
  EXPECT_FALSE(at_rest(world.execution));
}

TEST(Questions, AnAnswerMayLeadToAnother) {
  World world({{"A", R"({"x": "${#fromUrl(#fromUrl('https://example.com/first'))}"})"}});
  const Question first{Question::Kind::url, "https://example.com/first", ""};
  const Question second{Question::Kind::url, "https://example.com/second", ""};
  EXPECT_EQ(asked(world), std::vector{first});
  world.tell(Answered{"id-A", {{first, {json::value(second.subject), ""}}}});
  EXPECT_EQ(asked(world), (std::vector{first, second})) << "all, for a crash forgets the first answer";
  world.tell(Answered{"id-A", {{first, {json::value(second.subject), ""}}, {second, {"hello", ""}}}});
  EXPECT_EQ(world.stage("A").context.at("x"), "hello");
}

TEST(Questions, EndlessOnesEnd) {
  World world({{"A", R"({"x": "${#fromUrl('https://example.com/' + new java.util.Date().time)}"})"}});
  int rounds = 0;
  for (; rounds < 20 && !runs(world, "A"); ++rounds) {
    world.now += std::chrono::seconds(1);
    Answers answers;
    for (const Question& question : asked(world)) answers[question] = {"hello", ""};
    world.tell(Answered{"id-A", answers});
  }
  EXPECT_EQ(rounds, 5);
}

TEST(Questions, WhetherAStageIsEnabledMayBeOne) {
  for (const std::string_view answer : {"true", "false"}) {
    World world({{"A", R"-({"stageEnabled": {"type": "expression",
                                             "expression": "#fromUrl('https://example.com/on')"}})-"}});
    EXPECT_EQ(world.status("A"), not_started);
    EXPECT_EQ(world.execution.status, running);
    const Question on{Question::Kind::url, "https://example.com/on", ""};
    EXPECT_EQ(asked(world), std::vector{on});
    world.tell(Answered{"id-A", {{on, {json::value(answer), ""}}}});
    EXPECT_EQ(world.status("A"), answer == "true" ? running : skipped);
  }
}

TEST(Questions, ALaterTaskMayAsk) {
  World world({{"A", R"({"tasks": ["a", "b"]})"}});
  world.end("A", ok, {{"y", "${#pipelineId('Deploy')}"}});
  const Question id{Question::Kind::pipeline_id, "Deploy", "shop"};
  EXPECT_EQ(asked(world), std::vector{id});
  EXPECT_EQ(world.stage("A").tasks[1].status, not_started);
  world.tell(Answered{"id-A", {{id, {"p-1", ""}}}});
  EXPECT_EQ(world.stage("A").tasks[1].status, running);
  EXPECT_EQ(world.stage("A").context.at("y"), "p-1");
  world.tell(Answered{"id-A", {{id, {"p-2", ""}}}});
  EXPECT_EQ(world.stage("A").context.at("y"), "p-1") << "a late answer changes nothing";
}

TEST(Questions, EndWithTheExecution) {
  World world({{"A", asks_greeting}});
  world.tell(Cancel{"ann", ""});
  EXPECT_EQ(world.execution.status, canceled);
  EXPECT_EQ(world.status("A"), canceled);
  EXPECT_TRUE(at_rest(world.execution));
  world.tell(Answered{"id-A", {{greeting, {"hello", ""}}}});
  EXPECT_EQ(world.status("A"), canceled);
}

TEST(Questions, EndWithAnotherBranch) {
  World world({{"A", asks_greeting}, {"B"}});
  world.end("B", terminal);
  EXPECT_EQ(world.execution.status, terminal);
  EXPECT_EQ(world.status("A"), canceled);
  EXPECT_TRUE(at_rest(world.execution));
}

TEST(Questions, AreAnsweredWhileThePipelineIsPaused) {
  World world({{"A", asks_greeting}});
  world.tell(Pause{"ann"});
  world.tell(Answered{"id-A", {{greeting, {"hello", ""}}}});
  EXPECT_FALSE(runs(world, "A"));
  world.tell(Resume{"ann"});
  EXPECT_TRUE(runs(world, "A"));
}

}  // namespace
}  // namespace gennaker::engine
