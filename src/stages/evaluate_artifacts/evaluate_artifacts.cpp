#include "stages/evaluate_artifacts/evaluate_artifacts.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json.h"
#include "stages/bind_artifacts.h"
#include "stages/evaluate_in_order.h"

namespace gennaker::stages {
namespace {

class EvaluateArtifacts final : public engine::Stage {
 public:
  std::string_view type() const override { return "evaluateArtifacts"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const auto* contents = base::find_array(stage.context(), "artifactContents");
    if (contents == nullptr) {
      return engine::refuse("artifactContents", "a list of {\"name\": ..., \"contents\": ...} is needed");
    }
    for (std::size_t i = 0; i < contents->size(); ++i) {
      const auto* entry = (*contents)[i].if_object();
      if (entry != nullptr && !base::string_or(*entry, "name", "").empty()) continue;
      return engine::refuse(fmt::format("artifactContents[{}].name", i), "a name is needed");
    }
    engine::Plan plan = engine::run_in_order({"evaluateArtifacts"});
    plan_binding(stage, plan);
    return plan;
  }

  std::vector<std::string_view> own_expressions() const override { return {"artifactContents"}; }

  void prepare_restart(model::Stage& stage) const override {
    for (const std::string_view stale :
         {"artifacts", "resolvedExpectedArtifacts", "expressionEvaluationSummary"}) {
      stage.context.erase(stale);
    }
    stage.outputs.clear();
  }
};

class EvaluateArtifactsTask final : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const json::array written = *base::find_array(context.stage().context, "artifactContents");
    auto evaluating = evaluate_in_order(context, written, "name", "contents");
    const OrderedEvaluation evaluation = co_await std::move(evaluating);
    json::array artifacts;
    for (const json::value& entry : evaluation.entries) {
      const auto* contents = entry.as_object().if_contains("contents");
      model::Artifact artifact;
      artifact.type = "embedded/base64";
      artifact.name = base::string_or(entry.as_object(), "name", "");
      artifact.reference = base::to_base64(contents->is_null() ? "" : base::plain_text(*contents));
      artifact.account = "embedded-artifact";
      artifacts.push_back(model::to_json(artifact));
    }
    runner::TaskResult result = runner::succeeded();
    result.context["artifacts"] = artifacts;
    result.outputs["artifacts"] = std::move(artifacts);
    add_summary(context, evaluation.summary, result);
    co_return result;
  }
};

}  // namespace

void add_evaluate_artifacts(runner::Catalogs& catalogs) {
  catalogs.stages.add(std::make_unique<EvaluateArtifacts>());
  catalogs.tasks.add("evaluateArtifacts", std::make_unique<EvaluateArtifactsTask>());
}

}  // namespace gennaker::stages
