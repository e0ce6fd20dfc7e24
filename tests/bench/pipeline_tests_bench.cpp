// How many pipeline tests a second run on one core. Goal: 1,000. One typical test: five stages (wait,
// judgment, webhook, precondition, deploy), from its parsed form and from its YAML.

#include <benchmark/benchmark.h>

#include "base/logging.h"
#include "rehearsal/pipeline_test_file.h"
#include "rehearsal/test_run.h"
#include "testing/rehearsals.h"

namespace {

using namespace gennaker;

constexpr std::string_view file = R"yaml(
pipeline:
  application: shop
  name: Deploy
  parameterConfig: [{name: version, required: true}]
  stages:
    - {refId: "1", type: wait, name: Wait, waitTime: 600}
    - {refId: "2", requisiteStageRefIds: ["1"], type: manualJudgment, name: Approve}
    - {refId: "3", requisiteStageRefIds: ["2"], type: webhook, name: Call, method: POST,
       url: "https://ci.example.com/${parameters.version}", payload: {version: "${parameters.version}"}}
    - {refId: "4", requisiteStageRefIds: ["3"], type: checkPreconditions, name: Check,
       preconditions: [{type: expression, context: {expression: "${parameters.version == '7'}"}}]}
    - {refId: "5", requisiteStageRefIds: ["4"], type: deploy, name: Deploy, clusters: [
       {account: local, application: shop, stack: main, cloudProvider: local, region: local, strategy: redblack,
        capacity: {min: 2, max: 2, desired: 2}, loadBalancers: [shop], imageId: image-1}]}
cloud:
  images: [image-1]
  loadBalancers: [shop]
  serverGroups: [{name: shop-main-v001, image: image-1, instances: 2, loadBalancers: [shop]}]
tests:
  - name: deploys when somebody approves
    parameters: {version: "7"}
    script:
      - {stage: Approve, after: 2h, judge: continue, user: bob}
      - {stage: Call, respond: {status: 200, body: {accepted: true}}, after: 30s}
      - {cluster: shop-main, healthyAfter: 90s}
    expect:
      status: SUCCEEDED
      elapsed: {atLeast: 2h 12m, atMost: 2h 15m}
      order: [Wait, Approve, Call, Check, Deploy]
      stages:
        Call: {context: {webhook: {statusCode: OK}}}
        Deploy: {status: SUCCEEDED, runsAfter: [Check]}
      operations:
        - {kind: createServerGroup, what: {imageId: image-1}}
        - {kind: disableServerGroup, what: {serverGroupName: shop-main-v001}}
      cloud:
        serverGroups: {shop-main-v002: {disabled: false, instances: 2}}
)yaml";

void run_one(benchmark::State& state, const rehearsal::PipelineTest& test,
             const pipelines::AddStages& add_stages) {
  const auto result = rehearsal::run_test(test, add_stages);
  if (result.passed()) return;
  const rehearsal::Difference& first = result.differences.front();
  state.SkipWithError((first.what + ": expected " + first.expected + ", actual " + first.actual).c_str());
}

void report(benchmark::State& state) {
  state.counters["tests/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void parsed_test(benchmark::State& state) {
  base::log::set_level(base::log::level::off);
  const auto tests = rehearsal::parse_test_file(file, "bench.test.yaml");
  const auto add_stages = testing::builtin_stages();
  for (auto _ : state) run_one(state, tests.front(), add_stages);
  report(state);
}
BENCHMARK(parsed_test)->Unit(benchmark::kMicrosecond);

void test_from_yaml(benchmark::State& state) {
  base::log::set_level(base::log::level::off);
  const auto add_stages = testing::builtin_stages();
  for (auto _ : state) {
    const auto tests = rehearsal::parse_test_file(file, "bench.test.yaml");
    run_one(state, tests.front(), add_stages);
  }
  report(state);
}
BENCHMARK(test_from_yaml)->Unit(benchmark::kMicrosecond);

void reading_yaml(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(rehearsal::parse_test_file(file, "bench.test.yaml"));
}
BENCHMARK(reading_yaml)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
