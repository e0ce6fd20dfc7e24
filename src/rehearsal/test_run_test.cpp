#include "rehearsal/test_run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rehearsal/pipeline_test_file.h"
#include "testing/rehearsals.h"

namespace gennaker::rehearsal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

/// Members of the pipeline, to which its list of stages refers.
constexpr std::string_view stages = R"(
    wait: &wait {type: wait, name: Wait, waitTime: 600}
    ask: &ask {type: manualJudgment, name: Approve}
    call: &call {type: webhook, name: Call, method: POST, url: "http://ci.example.com/jobs", payload: {a: 1}}
    deploy: &deploy
      type: deploy
      name: Deploy
      clusters:
        - {account: local, application: shop, stack: main, cloudProvider: local, region: local, imageId: image-1,
           capacity: {min: 2, max: 2, desired: 2}, strategy: redblack}
)";

TestResult run_file(const std::string& text) {
  const auto tests = parse_test_file(text, "a.test.yaml");
  return run_test(tests.front(), gennaker::testing::builtin_stages());
}

/// One test of a pipeline that has these of the stages. `parts`: of the test, " | " ends a line.
TestResult run(std::string_view list, std::string parts) {
  for (std::size_t at = 0; (at = parts.find(" | ", at)) != std::string::npos;) parts.replace(at, 3, "\n    ");
  return run_file(
      fmt::format("pipeline:\n  application: shop\n  name: Main\n  known:{}  stages: [{}]\n"
                  "cloud:\n  images: [image-1]\n"
                  "  serverGroups: [{{name: shop-main-v001, image: image-1, instances: 2}}]\n"
                  "tests:\n  - name: it\n    {}\n",
                  stages, list, parts));
}

std::string told(const TestResult& result) {
  std::string text;
  for (const Difference& difference : result.differences) {
    text += fmt::format("{}: {}: expected {}, actual {}\n", to_string(difference.place), difference.what,
                        difference.expected, difference.actual);
  }
  return text;
}

// ---- the script ----

TEST(PipelineTestRun, PlaysWhatTheWorldAnswers) {
  const auto result = run("*wait, *ask, *call, *deploy", R"(script:
      - {stage: Approve, after: 2h, judge: continue, input: all, user: bob}
      - {stage: Call, respond: {status: 202, body: {id: 7}, headers: {X-A: b}}, after: 30s}
      - {cluster: shop-*, healthyAfter: 90s}
      - {operation: createServerGroup, cluster: shop-main, after: 1m}
    expect:
      elapsed: 2h 13m
      order: [Wait, Approve, Call, Deploy]
      stages:
        Approve: {status: SUCCEEDED, started: 10m, elapsed: 2h, context: {judgmentInput: all, lastModifiedBy: bob}}
        Call: {context: {webhook: {body: {id: 7}}}, tasks: {createWebhook: SUCCEEDED}, runsAfter: [Approve]}
      operations:
        exactly:
          - {kind: createServerGroup, stage: Deploy, what: {imageId: image-1}}
          - {kind: disableServerGroup, what: {serverGroupName: shop-main-v001}}
      calls:
        - {method: POST, url: "http://ci*", body: {a: 1}, status: 202}
      cloud:
        serverGroups:
          shop-main-v002: {disabled: false, instances: 2, healthy: 2, capacity: {desired: {atLeast: 2}}}
          shop-main-v001: {disabled: true}
        images: {image-1: present, image-2: absent})");
  EXPECT_EQ(told(result), "");
  EXPECT_EQ(result.virtual_time, 2h + 13min);
}

TEST(PipelineTestRun, AsksForTheJudgmentThatIsMissing) {
  EXPECT_THAT(told(run("*ask", "user: ann")),
              AllOf(HasSubstr("a.test.yaml:"), HasSubstr("stage 'Approve' asks for a judgment"),
                    HasSubstr("- {stage: \"Approve\", judge: continue}")));
}

TEST(PipelineTestRun, AsksForTheAnswerThatIsMissing) {
  EXPECT_THAT(told(run("*call", "user: ann")),
              AllOf(HasSubstr("stage 'Call' calls POST http://ci.example.com/jobs"), HasSubstr("respond:")));
}

TEST(PipelineTestRun, LetsNobodyAnswer) {
  EXPECT_EQ(told(run("*ask",
                     "script: [{stage: Approve, judge: nobody}] | expect: {status: TERMINAL, elapsed: 3d}")),
            "");
}

TEST(PipelineTestRun, MissesEntriesThatWereNotUsed) {
  EXPECT_THAT(told(run("*wait", "script: [{stage: Weit, patch: {skipRemainingWait: true}}]")),
              AllOf(HasSubstr("was never used"), HasSubstr("no stage 'Weit' has run; did you mean 'Wait'?")));
  EXPECT_THAT(told(run("*wait", "script: [{stage: Wait, task: weit, result: {}}]")),
              HasSubstr("the tasks of that stage: wait"));
  EXPECT_THAT(told(run("*call", "script: [{stage: Call, respond: [200, 200]}]")),
              HasSubstr("only 1 of 2 responses"));
  EXPECT_EQ(told(run("*wait", "script: [{stage: Weit, judge: stop, optional: true}]")), "");
}

TEST(PipelineTestRun, AnswersOneCallAfterTheOther) {
  EXPECT_EQ(told(run("*call",
                     "script: [{url: 'http://ci*', respond: [503, {fail: refused}, 200]}] | "
                     "expect: {elapsed: 20s, calls: [{status: 503}, {status: absent}, {status: 200}]}")),
            "");
}

TEST(PipelineTestRun, LetsPeopleAct) {
  EXPECT_EQ(
      told(run(
          "*wait",
          "script: [{stage: Wait, after: 2m, patch: {skipRemainingWait: true}}] | expect: {elapsed: 2m}")),
      "");
  EXPECT_EQ(told(run("*wait",
                     "script: [{after: 1m, cancel: {user: ann, reason: no}}] | "
                     "expect: {status: CANCELED, message: 'no', elapsed: 1m}")),
            "");
  EXPECT_EQ(told(run("*wait, *ask",
                     "script: [{after: 1m, pause: true}, {after: 1h, resume: {user: ann}}, "
                     "{stage: Approve, judge: continue}] | expect: {elapsed: {atLeast: 1h}}")),
            "");
  EXPECT_THAT(told(run("*wait", "script: [{after: 1m, resume: true}]")), HasSubstr("was refused"));
}

TEST(PipelineTestRun, RestartsWhatHasEnded) {
  EXPECT_EQ(told(run("*call",
                     "script: [{stage: Call, respond: [403, 200]}, {after: 1h, restart: Call}] | "
                     "expect: {calls: [{status: 403}, {status: 200}]}")),
            "");
  EXPECT_THAT(told(run("*wait", "script: [{after: 1h, restart: Nothing}]")),
              HasSubstr("no stage is called 'Nothing'"));
}

TEST(PipelineTestRun, ReplacesTasks) {
  EXPECT_EQ(
      told(run("*deploy",
               "script: [{stage: Deploy, task: createServerGroup, after: 5m, result: {error: broken}}] | "
               "expect: {status: TERMINAL, message: broken, elapsed: 5m, operations: []}")),
      "");
}

TEST(PipelineTestRun, LetsOperationsFail) {
  EXPECT_EQ(
      told(run("*deploy",
               "script: [{operation: createServerGroup, account: local, fail: full}] | "
               "expect: {status: TERMINAL, message: full, cloud: {serverGroups: {shop-main-v002: absent}}}")),
      "");
  EXPECT_EQ(told(run("*deploy",
                     "script: [{operation: createServerGroup, fail: away, error: unavailable, times: 2}] | "
                     "expect: {operations: [{failure: away}, {failure: away}, {failure: absent}]}")),
            "");
}

TEST(PipelineTestRun, GivesUpWhereInstancesNeverComeUp) {
  EXPECT_EQ(told(run("*deploy",
                     "script: [{cluster: shop-main, healthyAfter: never}] | "
                     "expect: {status: TERMINAL, message: 0 of 2 instances}")),
            "");
}

// ---- what must hold ----

TEST(PipelineTestRun, SaysWhatDiffersAndWhere) {
  const std::string text = told(run("*wait", R"(expect:
      status: TERMINAL
      elapsed: 5m
      stages:
        Wait: {status: SKIPPED, context: {waitTime: "600"}}
        Wiat: SUCCEEDED
      operations: [{kind: bake}]
      cloud: {serverGroups: {shop-main-v001: absent}})"));
  EXPECT_THAT(text, HasSubstr("status: expected TERMINAL, actual SUCCEEDED"));
  EXPECT_THAT(text, HasSubstr("elapsed: expected 5m, actual 10m"));
  EXPECT_THAT(text, HasSubstr("expect.stages.Wait.status: expected SKIPPED, actual SUCCEEDED"));
  EXPECT_THAT(text, HasSubstr("expected \"600\", actual 600 (no text: leave the quotes out)"));
  EXPECT_THAT(text, HasSubstr("there is none; did you mean 'Wait'?"));
  EXPECT_THAT(text, HasSubstr("operations[0]: expected {\"kind\":\"bake\"}, actual there was none"));
  EXPECT_THAT(text, HasSubstr("shop-main-v001: expected absent, actual it is there"));
}

TEST(PipelineTestRun, ExpectsSuccessUnlessToldOtherwise) {
  EXPECT_THAT(told(run("*call", "script: [{stage: Call, respond: 403}]")),
              HasSubstr("expected SUCCEEDED, actual TERMINAL: stage 'Call': "));
}

TEST(PipelineTestRun, ExpectsRefusals) {
  constexpr std::string_view file = R"(
pipeline: {{application: shop, name: Main, parameterConfig: [{{name: version, required: true}}], stages: [{}]}}
tests: [{{name: it, {}}}]
)";
  const auto refused = [&](std::string_view stage, std::string_view part) {
    return told(run_file(fmt::format(fmt::runtime(file), stage, part)));
  };
  EXPECT_EQ(refused("", "expect: {refused: version}"), "");
  EXPECT_THAT(refused("", "user: ann"), HasSubstr("the start was refused: "));
  EXPECT_THAT(refused("", "parameters: {version: 1}, expect: {refused: version}"),
              HasSubstr("there is none"));
  EXPECT_EQ(refused("{type: wait, refId: a, requisiteStageRefIds: [b]}, {type: wait, refId: b, "
                    "requisiteStageRefIds: [a]}",
                    "parameters: {version: 1}, expect: {refused: {matches: 'cycle|circle'}}"),
            "");
}

// ---- several executions, and those that never end ----

TEST(PipelineTestRun, FollowsChildren) {
  const std::string file = R"(
pipeline: {application: shop, name: Main, stages: [{type: pipeline, name: Child, pipeline: Small, pipelineParameters: {a: x}}]}
pipelines: [{name: Small, stages: [{type: wait, name: Wait, waitTime: 60}]}]
tests:
  - name: it
    expect:
      elapsed: 1m
      children: [{pipeline: Small, status: SUCCEEDED, parameters: {a: x}, stages: {Wait: {elapsed: 1m}}}]
)";
  EXPECT_EQ(told(run_file(file)), "");
}

TEST(PipelineTestRun, EndsCirclesOfPipelines) {
  const std::string file = R"(
pipeline: {application: shop, name: Main, stages: [{type: pipeline, name: Again, pipeline: Two}]}
pipelines:
  - {name: Two, stages: [{type: pipeline, pipeline: Two}, {type: pipeline, pipeline: Two}]}
tests: [{name: it}]
)";
  EXPECT_THAT(told(run_file(file)), HasSubstr("circle"));
}

TEST(PipelineTestRun, SaysWhoWaitsForWhatWhenNothingEnds) {
  EXPECT_THAT(told(run("{type: wait, name: Long, waitTime: 99999999}", "user: ann")),
              AllOf(HasSubstr("does not end within its patience of 90d"),
                    HasSubstr("stage 'Long' (99999999 s to pass)")));
}

TEST(PipelineTestRun, GivesUpOnWhatGoesRoundInCircles) {
  const std::string file = R"(
pipeline: {application: shop, name: Main, stages: [
  {type: webhook, name: Poll, url: "http://a.example.com", waitForCompletion: true, statusJsonPath: $.s,
   successStatuses: done, stageTimeoutMs: 8000000000}]}
tests: [{name: it, script: [{stage: Poll, respond: {body: {s: busy}}}]}]
)";
  auto tests = parse_test_file(file, "a.test.yaml");
  tests[0].most_looks = 500;
  EXPECT_THAT(told(run_test(tests[0], gennaker::testing::builtin_stages())),
              HasSubstr("goes round in circles"));
}

TEST(PipelineTestRun, GivesTheSameResultOnManyThreads) {
  std::string file =
      "pipeline: {application: shop, name: Main, stages: [{type: wait, waitTime: 60}]}\ntests:\n";
  for (int i = 0; i < 40; ++i) file += fmt::format("  - {{name: t{}, expect: {{elapsed: {}m}}}}\n", i, i % 2);
  const auto tests = parse_test_file(file, "a.test.yaml");
  const auto results = run_tests(tests, gennaker::testing::builtin_stages(), 4, [] { return 0ns; });
  ASSERT_EQ(results.size(), 40U);
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(results[i].name, fmt::format("t{}", i));
    EXPECT_EQ(results[i].passed(), i % 2 == 1) << told(results[i]);
  }
}

}  // namespace
}  // namespace gennaker::rehearsal
