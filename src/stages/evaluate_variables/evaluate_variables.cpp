#include "stages/evaluate_variables/evaluate_variables.h"

#include <fmt/format.h>

#include "base/json.h"
#include "stages/evaluate_in_order.h"

namespace gennaker::stages {
namespace {

/// Where the variables stay as the user wrote them: what a restart evaluates again.
constexpr std::string_view as_written = "variablesAsWritten";

class EvaluateVariables final : public engine::Stage {
 public:
  std::string_view type() const override { return "evaluateVariables"; }
  bool runs_dry(const engine::StageView&) const override { return true; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const auto* given = stage.context().if_contains("variables");
    const auto* variables = given == nullptr ? nullptr : given->if_array();
    if (variables == nullptr)
      return engine::refuse("variables", "a list of {\"key\": ..., \"value\": ...} is needed");
    for (std::size_t i = 0; i < variables->size(); ++i) {
      if ((*variables)[i].is_object()) continue;
      return engine::refuse(fmt::format("variables[{}]", i), "{\"key\": ..., \"value\": ...} is needed");
    }
    return engine::run_in_order({"evaluateVariables"});
  }

  std::vector<std::string_view> own_expressions() const override { return {"variables", as_written}; }

  void prepare_restart(model::Stage& stage) const override {
    if (const auto* written = base::find_array(stage.context, as_written)) {
      const json::array again = *written;
      stage.context["variables"] = again;
    }
    stage.context.erase(as_written);
    stage.context.erase("expressionEvaluationSummary");
    stage.outputs.clear();
  }
};

/// How the page shows where a value came from: the braces alone, so that nothing evaluates it again.
std::string source_of(std::string text) {
  for (auto at = text.find("${"); at != std::string::npos; at = text.find("${", at)) text.erase(at, 1);
  return text;
}

class EvaluateVariablesTask final : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const json::array written = *base::find_array(context.stage().context, "variables");
    auto evaluating = evaluate_in_order(context, written, "key", "value");
    OrderedEvaluation evaluation = co_await std::move(evaluating);
    for (std::size_t i = 0; i < written.size(); ++i) {
      json::object& entry = evaluation.entries[i].as_object();
      const auto* text = written[i].as_object().if_contains("value");
      if (text != nullptr && text->is_string())
        entry["sourceValue"] = source_of(std::string(text->get_string()));
    }
    runner::TaskResult result = runner::succeeded({}, std::move(evaluation.values));
    result.context["variables"] = std::move(evaluation.entries);
    result.context[as_written] = written;
    add_summary(context, evaluation.summary, result);
    co_return result;
  }
};

}  // namespace

void add_evaluate_variables(runner::Catalogs& catalogs) {
  catalogs.stages.add(std::make_unique<EvaluateVariables>());
  catalogs.tasks.add("evaluateVariables", std::make_unique<EvaluateVariablesTask>());
}

}  // namespace gennaker::stages
