#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string_view>

#include "runner/task.h"

namespace gennaker::stages {

namespace json = boost::json;

/// A text of a task's own, from its stage's point of view or that of `stage`; what it asks of the world
/// outside is answered. Never throws for what is written in it.
base::Async<expressions::TextEvaluation> evaluate_for(runner::TaskContext context, std::string text);
base::Async<expressions::TextEvaluation> evaluate_for(runner::TaskContext context, std::string text,
                                                      model::Stage stage);

/// Entries whose expressions were evaluated one after another, each seeing the values of those before it.
struct OrderedEvaluation {
  json::array entries;   ///< as written, with the value in place of the expression
  json::object values;   ///< by name; an entry without a name is left out
  json::object summary;  ///< as expressions::Evaluation's
};

/// Evaluates the texts under `text_field` of entries that are named by `name_field`; all other members stay.
/// One that fails keeps its text, and those after it do not see it. Entries must be objects; the fields'
/// names must outlive the call.
base::Async<OrderedEvaluation> evaluate_in_order(runner::TaskContext context, json::array entries,
                                                 std::string_view name_field, std::string_view text_field);

/// Puts `summary` beside what the stage's context tells already of failed expressions.
void add_summary(const runner::TaskContext& context, const json::object& summary, runner::TaskResult& result);

}  // namespace gennaker::stages
