#include "stages/evaluate_in_order.h"

#include "base/json.h"
#include "expressions/expressions.h"

namespace gennaker::stages {

base::Async<expressions::TextEvaluation> evaluate_for(runner::TaskContext context, std::string text,
                                                      model::Stage stage) {
  expressions::TextEvaluation evaluation;
  auto evaluate = [&](const expressions::Options& options) {
    evaluation = expressions::evaluate_text(text, expressions::of_stage(context.execution(), stage), options);
    return evaluation.open;
  };
  expressions::Options options;
  options.now = context.now();
  auto evaluating = runner::evaluate_answered(context.answerer(), options, evaluate);
  co_await std::move(evaluating);
  co_return evaluation;
}

base::Async<expressions::TextEvaluation> evaluate_for(runner::TaskContext context, std::string text) {
  model::Stage stage = context.stage();
  auto evaluating = evaluate_for(std::move(context), std::move(text), std::move(stage));
  co_return co_await std::move(evaluating);
}

base::Async<OrderedEvaluation> evaluate_in_order(runner::TaskContext context, json::array entries,
                                                 std::string_view name_field, std::string_view text_field) {
  OrderedEvaluation result;
  // A copy that grows: an earlier value is found as if it were a field of the stage.
  model::Stage stage = context.stage();
  for (const json::value& written : entries) {
    json::object entry = written.as_object();
    const std::string name = base::string_or(entry, name_field, "");
    json::value& value = entry[text_field];
    bool failed = false;
    const auto* string = value.if_string();
    const std::string text = string == nullptr ? "" : std::string(*string);
    if (expressions::has_expression(std::string_view(text))) {
      auto evaluating = evaluate_for(context, text, stage);
      expressions::TextEvaluation evaluation = co_await std::move(evaluating);
      failed = !evaluation.summary.empty();
      base::merge_into(result.summary, evaluation.summary);
      if (!failed) value = std::move(evaluation.value);
    }
    if (!name.empty()) {
      result.values[name] = value;
      if (!failed) stage.context[name] = value;
    }
    result.entries.push_back(std::move(entry));
  }
  co_return result;
}

void add_summary(const runner::TaskContext& context, const json::object& summary,
                 runner::TaskResult& result) {
  if (summary.empty()) return;
  const auto* known = base::find_object(context.stage().context, "expressionEvaluationSummary");
  json::object all = known ? *known : json::object{};
  base::merge_into(all, summary);
  result.context["expressionEvaluationSummary"] = std::move(all);
}

}  // namespace gennaker::stages
