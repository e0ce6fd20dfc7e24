#include "rehearsal/test_run.h"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <thread>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "rehearsal/expectations.h"
#include "rehearsal/script.h"
#include "rehearsal/test_scene.h"
#include "rehearsal/time_text.h"

namespace gennaker::rehearsal {
namespace {

constexpr std::string_view author = "anonymous";

class Run {
 public:
  Run(const PipelineTest& test, const pipelines::AddStages& add_stages)
      : test_(test), script_(test), world_(setting(test, add_stages), script_) {}

  TestResult go() {
    TestResult result{.place = test_.place, .name = test_.name};
    prepare();
    const bool ended = start() && play();
    result.virtual_time = world_.clock().now() - test_.at;
    result.differences = verdict(ended);
    return result;
  }

 private:
  static Setting setting(const PipelineTest& test, const pipelines::AddStages& add_stages) {
    Setting setting{.add_stages = add_stages,
                    .accounts = test.scene->accounts,
                    .start = test.at,
                    .patience = test.patience};
    date_from(test.at, setting.accounts);
    return setting;
  }

  void prepare() {
    const Scene& scene = *test_.scene;
    if (scene.application) {
      json::object attributes = *scene.application;
      if (!attributes.contains("name")) attributes["name"] = application();
      if (!attributes.contains("email")) attributes["email"] = "nobody@example.com";
      world_.run(world_.applications().save(std::move(attributes), std::string(author)));
    }
    for (const json::object& pipeline : scene.pipelines) save(pipeline);
  }

  void save(json::object pipeline) {
    if (!pipeline.contains("application")) pipeline["application"] = application();
    // By its name it can be found as one that was exported is by its id.
    if (!pipeline.contains("id")) pipeline["id"] = base::string_or(pipeline, "name", "");
    world_.run(world_.configurations().save(std::move(pipeline), std::string(author),
                                            pipelines::Configurations::StaleCheck::no));
  }

  std::string application() const { return base::string_or(test_.scene->pipeline, "application", "test"); }

  /// False: it was refused.
  bool start() {
    const std::string id = base::derived_ulid(test_.at, test_.name);
    script_.attach(world_, id);
    pipelines::StartRequest request;
    request.config = test_.scene->pipeline;
    request.config["application"] = application();
    if (!request.config.contains("id")) request.config["id"] = base::string_or(request.config, "name", "");
    request.trigger = test_.trigger;
    json::object parameters = test_.parameters;
    if (const auto* of_trigger = base::find_object(test_.trigger, "parameters")) {
      json::object both = *of_trigger;
      base::merge_into(both, parameters);
      parameters = std::move(both);
    }
    request.trigger["parameters"] = std::move(parameters);
    request.user = test_.user;
    request.execution_id = id;
    try {
      world_.start(std::move(request));
      return true;
    } catch (const base::Error& error) {
      outcome_.refused = error.what();
      return false;
    }
  }

  bool play() {
    const bool ended = world_.run_until([this] { return !script_.problems().empty() || all_at_rest(); });
    if (!script_.problems().empty()) return false;
    gather();
    return ended || std::all_of(outcome_.executions.begin(), outcome_.executions.end(),
                                [](const auto& execution) { return model::is_complete(execution.status); });
  }

  bool all_at_rest() const {
    if (script_.waits_to_restart()) return false;
    const auto& started = world_.started();
    return std::all_of(started.begin(), started.end(),
                       [&](const std::string& id) { return world_.at_rest(id); });
  }

  void gather() {
    for (const std::string& id : world_.started()) {
      if (auto execution = world_.execution(id)) outcome_.executions.push_back(std::move(*execution));
    }
    outcome_.looks = script_.looks();
    outcome_.performed = world_.performed();
    outcome_.called = world_.called();
    for (const AccountState& state : test_.scene->accounts) {
      if (auto* cloud = world_.cloud(state.account.name)) outcome_.clouds.push_back(cloud->now());
    }
  }

  std::vector<Difference> verdict(bool ended) {
    if (!script_.problems().empty()) return script_.problems();
    if (!ended && outcome_.refused.empty()) return {{test_.place, never_ended(), "", ""}};
    std::vector<Difference> differences = unmet(test_, outcome_);
    if (outcome_.refused.empty()) {
      const std::vector<Difference> unused = script_.unused();
      differences.insert(differences.end(), unused.begin(), unused.end());
    }
    return differences;
  }

  std::string never_ended() const {
    const auto passed = world_.clock().now() - test_.at;
    return fmt::format("the test does not end within its patience of {}: after {} of virtual time {}",
                       to_text(test_.patience), to_text(passed), waiting());
  }

  std::string waiting() const {
    const std::string waits = waited_for(outcome_.executions);
    return waits.empty() ? "nothing more can happen" : "there waits " + waits;
  }

  const PipelineTest& test_;
  Script script_;
  World world_;
  Outcome outcome_;
};

}  // namespace

TestResult run_test(const PipelineTest& test, const pipelines::AddStages& add_stages) {
  try {
    return Run(test, add_stages).go();
  } catch (const std::exception& error) {
    return {.place = test.place,
            .name = test.name,
            .differences = {{test.place, fmt::format("the test cannot be run: {}", error.what()), "", ""}}};
  }
}

std::vector<TestResult> run_tests(const std::vector<PipelineTest>& tests,
                                  const pipelines::AddStages& add_stages, int jobs, const Stopwatch& now) {
  std::vector<TestResult> results(tests.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < tests.size(); i = next++) {
      const auto begin = now();
      results[i] = run_test(tests[i], add_stages);
      results[i].real_time = now() - begin;
    }
  };
  std::vector<std::jthread> helpers;
  for (int i = 1; i < jobs; ++i) helpers.emplace_back(work);
  work();
  helpers.clear();
  return results;
}

}  // namespace gennaker::rehearsal
