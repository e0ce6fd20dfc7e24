#include "stages/bind_artifacts.h"

#include "artifacts/artifacts.h"
#include "base/json.h"

namespace gennaker::stages {

namespace json = boost::json;

namespace {

class BindProducedArtifacts final : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const auto* wanted = base::find_array(context.stage().context, "expectedArtifacts");
    co_return bind_to(model::expected_artifacts_from_json(wanted),
                      artifacts::visible_to(context.execution(), context.stage()));
  }
};

}  // namespace

runner::TaskResult bind_to(std::vector<model::ExpectedArtifact> expected,
                           std::vector<model::Artifact> candidates) {
  const artifacts::Sources sources{.received = std::move(candidates)};
  expected = artifacts::bind(std::move(expected), sources, artifacts::Several::first_wins);
  const json::object found{{"artifacts", model::to_json(artifacts::bound_ones(expected))},
                           {"resolvedExpectedArtifacts", model::to_json(expected)}};
  return runner::succeeded(found, found);
}

void plan_binding(const engine::StageView& stage, engine::Plan& plan) {
  const auto* wanted = base::find_array(stage.context(), "expectedArtifacts");
  if (wanted == nullptr || wanted->empty()) return;
  plan.tasks.push_back({"bindProducedArtifacts", "bindProducedArtifacts"});
}

void add_bind_artifacts(runner::Catalogs& catalogs) {
  catalogs.tasks.add("bindProducedArtifacts", std::make_unique<BindProducedArtifacts>());
}

}  // namespace gennaker::stages
