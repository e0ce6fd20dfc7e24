#include "expressions/expressions.h"

#include <algorithm>
#include <fmt/format.h>

#include "api/respond.h"
#include "base/ids.h"
#include "runner/parents.h"
#include "stages/evaluate_in_order.h"

namespace gennaker::api {
namespace {

Async<model::Execution> load(const Parts& parts, std::string id) {
  std::optional<model::Execution> execution = co_await parts.store.execution(id);
  if (!execution) throw base::Error(base::Kind::not_found, fmt::format("Execution not found (id: {})", id));
  co_await runner::join_parents(parts.store, *execution);
  co_return std::move(*execution);
}

/// By id, refId or name; nullptr for an empty word. Throws `not_found`.
const model::Stage* find_stage(const model::Execution& execution, const std::string& word) {
  if (word.empty()) return nullptr;
  const auto found =
      std::find_if(execution.stages.begin(), execution.stages.end(), [&](const model::Stage& stage) {
        return stage.id == word || stage.ref_id == word || stage.name == word;
      });
  if (found == execution.stages.end())
    throw base::Error(base::Kind::not_found,
                      fmt::format("execution {} has no stage '{}'", execution.id, word));
  return &*found;
}

/// Evaluates until nothing is open that somebody can answer.
Async<void> with_answers(const Parts& parts, runner::Evaluate evaluate) {
  expressions::Options options;
  options.now = parts.clock.now();
  options.seed = parts.random.next();
  return runner::evaluate_answered(&parts.answerer, options, std::move(evaluate));
}

expressions::Subject subject_of(const model::Execution& execution, const model::Stage* stage) {
  return stage ? expressions::of_stage(execution, *stage) : expressions::of_execution(execution);
}

std::string needed(const Request& request, std::string_view name) {
  std::string text = request.query.get_or(std::string(name), "");
  if (text.empty())
    throw base::Error(base::Kind::invalid, fmt::format("{}: a text is needed", name), {{"field", name}});
  return text;
}

Async<Response> evaluate_for(const Parts& parts, Request request, std::string stage_word) {
  const std::string text = needed(request, "expression");
  const model::Execution execution = co_await load(parts, request.parameter("id"));
  const model::Stage* stage = find_stage(execution, stage_word);
  expressions::TextEvaluation evaluation;
  auto evaluate = [&](const expressions::Options& options) {
    evaluation = expressions::evaluate_text(text, subject_of(execution, stage), options);
    return evaluation.open;
  };
  auto evaluating = with_answers(parts, evaluate);
  co_await std::move(evaluating);
  co_return respond(json::object{{"result", evaluation.value}, {"detail", evaluation.summary}});
}

Async<Response> evaluate_in_execution(const Parts& parts, Request request) {
  return evaluate_for(parts, std::move(request), "");
}

Async<Response> evaluate_in_stage(const Parts& parts, Request request) {
  std::string stage = request.parameter("stageId");
  return evaluate_for(parts, std::move(request), std::move(stage));
}

/// As an Evaluate Variables stage behind the given stages would.
Async<Response> evaluate_variables(const Parts& parts, Request request) {
  const json::value body = base::parse_json(request.body, "the request");
  if (!body.is_array())
    throw base::Error(base::Kind::invalid, "the request: a list of {key, value} is needed");
  for (const json::value& entry : body.get_array()) {
    if (!entry.is_object())
      throw base::Error(base::Kind::invalid, "the request: each entry must be an object");
  }
  auto execution = std::make_shared<model::Execution>(co_await load(parts, request.parameter("id")));
  model::Stage stage{.id = "evaluateVariables", .ref_id = "evaluateVariables", .type = "evaluateVariables"};
  const json::object given{{"refs", request.query.get_or("requisiteStageRefIds", "")}};
  stage.requisites = base::string_list(given, "refs");
  runner::TaskContext context(execution, stage, {}, parts.clock.now(), &parts.answerer);
  auto evaluating = stages::evaluate_in_order(std::move(context), body.get_array(), "key", "value");
  stages::OrderedEvaluation evaluation = co_await std::move(evaluating);
  for (std::size_t i = 0; i < evaluation.entries.size(); ++i)
    evaluation.entries[i].as_object()["sourceValue"] = body.get_array()[i].at("value");
  co_return respond(json::object{{"result", evaluation.entries}, {"detail", evaluation.summary}});
}

json::object shown(const expressions::Explanation& explanation) {
  json::array names;
  for (const expressions::LookedUp& name : explanation.names)
    names.push_back(json::object{{"name", name.name}, {"foundIn", name.where}, {"value", name.value}});
  json::object object{{"expression", explanation.expression}, {"names", std::move(names)}};
  // Also for a name that was not found and gave null: the field keeps its text then.
  const bool in_vain = !explanation.error.empty() || explanation.value.is_null();
  if (in_vain && !explanation.suggestion.empty()) object["suggestion"] = explanation.suggestion;
  if (explanation.error.empty()) {
    object["value"] = explanation.value;
    object["type"] = explanation.type;
    return object;
  }
  json::object error{{"message", explanation.error}, {"code", explanation.code}, {"kind", explanation.kind}};
  if (explanation.column) error["column"] = *explanation.column;
  object["error"] = std::move(error);
  return object;
}

/// {text, executionId, stage (id, refId or name)} or {text, context}.
Async<Response> explain(const Parts& parts, Request request) {
  const json::object body = body_of(request);
  const std::optional<std::string> text = base::string_member(body, "text");
  if (!text) throw base::Error(base::Kind::invalid, "text: a text is needed", {{"field", "text"}});
  const std::string id = base::string_or(body, "executionId", "");
  model::Execution execution;
  if (!id.empty()) execution = co_await load(parts, id);
  const model::Stage* stage =
      id.empty() ? nullptr : find_stage(execution, base::string_or(body, "stage", ""));
  const auto* given = base::find_object(body, "context");
  const json::object names = given ? *given : json::object{};
  const expressions::Subject subject =
      id.empty() ? expressions::of_names(names) : subject_of(execution, stage);
  std::vector<expressions::Explanation> explanations;
  auto look = [&](const expressions::Options& options) {
    explanations = expressions::explain(*text, subject, options);
    return expressions::evaluate_text(*text, subject, options).open;
  };
  auto looking = with_answers(parts, look);
  co_await std::move(looking);
  json::array list;
  for (const expressions::Explanation& explanation : explanations) list.push_back(shown(explanation));
  co_return respond(json::object{{"expressions", std::move(list)}});
}

}  // namespace

void add_expressions(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/pipelines/{id}/evaluateExpression", evaluate_in_execution);
  route(router, parts, "GET", "/pipelines/{id}/{stageId}/evaluateExpression", evaluate_in_stage);
  route(router, parts, "POST", "/pipelines/{id}/evaluateVariables", evaluate_variables);
  route(router, parts, "POST", "/expressions/explain", explain);
}

}  // namespace gennaker::api
