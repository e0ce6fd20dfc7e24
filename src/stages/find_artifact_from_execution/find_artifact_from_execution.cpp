#include "stages/find_artifact_from_execution/find_artifact_from_execution.h"

#include <fmt/format.h>

#include "artifacts/artifacts.h"
#include "base/json.h"
#include "stages/bind_artifacts.h"

namespace gennaker::stages {

namespace json = boost::json;
using model::Status;

namespace {

std::vector<model::ExpectedArtifact> expected_of(const json::object& fields) {
  auto expected = model::expected_artifacts_from_json(base::find_array(fields, "expectedArtifacts"));
  if (!expected.empty()) return expected;
  if (const auto* one = base::find_object(fields, "expectedArtifact")) {
    expected.push_back(model::expected_artifact_from_json(*one));
  }
  return expected;
}

class FindArtifactFromExecution final : public engine::Stage {
 public:
  std::string_view type() const override { return "findArtifactFromExecution"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    if (stage.text("pipeline").empty()) return engine::refuse("pipeline", "the id of a pipeline is needed");
    if (expected_of(stage.context()).empty()) {
      return engine::refuse("expectedArtifacts", "at least one expected artifact is needed");
    }
    return engine::run_in_order({"findArtifactFromExecution"});
  }

  void prepare_restart(model::Stage& stage) const override {
    for (const std::string_view stale : {"artifacts", "resolvedExpectedArtifacts"})
      stage.context.erase(stale);
    stage.outputs.clear();
  }
};

/// Empty: an execution of any status will do.
std::vector<Status> wanted_statuses(const json::object& fields) {
  std::vector<Status> statuses;
  const auto* options = base::find_object(fields, "executionOptions");
  if (options == nullptr) return statuses;
  const bool successful =
      base::bool_or(*options, "successful", false) || base::bool_or(*options, "succeeded", false);
  if (successful) statuses.push_back(Status::succeeded);
  if (base::bool_or(*options, "terminal", false)) statuses.push_back(Status::terminal);
  if (base::bool_or(*options, "running", false)) statuses.push_back(Status::running);
  return statuses;
}

class FindArtifactTask final : public runner::Task {
 public:
  explicit FindArtifactTask(store::Store& store) : store_(store) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const std::string pipeline = context.required_text("pipeline");
    store::ExecutionQuery query;
    query.pipeline_config_ids = {pipeline};
    query.statuses = wanted_statuses(context.stage().context);
    query.limit = 1;
    auto loading = store_.executions(std::move(query), model::Detail::full);
    const std::vector<model::Execution> found = co_await std::move(loading);
    std::vector<model::Artifact> candidates;
    if (!found.empty()) {
      // A pipeline that asks itself must not find what the same stage found the last time.
      const bool own = pipeline == context.execution().pipeline_config_id;
      candidates = artifacts::all_of(found.front(), own ? context.stage().ref_id : "");
    }
    runner::TaskResult result = bind_to(expected_of(context.stage().context), std::move(candidates));
    if (!found.empty()) result.context["foundExecutionId"] = found.front().id;
    co_return result;
  }

 private:
  store::Store& store_;
};

}  // namespace

void add_find_artifact_from_execution(runner::Catalogs& catalogs, store::Store& store) {
  catalogs.stages.add(std::make_unique<FindArtifactFromExecution>());
  catalogs.tasks.add("findArtifactFromExecution", std::make_unique<FindArtifactTask>(store));
}

}  // namespace gennaker::stages
