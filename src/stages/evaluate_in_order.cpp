#include "stages/evaluate_in_order.h"

#include "base/json.h"
#include "expressions/expressions.h"

namespace gennaker::stages {

OrderedEvaluation evaluate_in_order(const runner::TaskContext& context, const json::array& entries,
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
      const auto root = expressions::of_stage(context.execution(), stage);
      auto evaluation = expressions::evaluate_text(text, root, {.now = context.now()});
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
  return result;
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
