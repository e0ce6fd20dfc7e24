#pragma once

#include <boost/json/object.hpp>

#include "model/execution.h"

/// Executions as Spinnaker's API shows them, which is also how they are stored. Absent members are left out,
/// empty lists and maps are sent. Source: the API's conventions, docs/compatibility.md.
namespace gennaker::model {

/// How much of a stage: the list views send the shape of the graph without its contents.
enum class Detail { full, outline };

json::object to_json(const Task& task);
json::object to_json(const Stage& stage, Detail detail = Detail::full);
json::object to_json(const Execution& execution, Detail detail = Detail::full);

/// The same with `trigger.parentExecution`, as deep as parents were joined in.
json::object with_parents_to_json(const Execution& execution);

/// The execution's own members, without `stages`.
json::object header_to_json(const Execution& execution);

/// The inverse, for what we stored ourselves: members of another type are treated as absent.
Task task_from_json(const json::object& object);
Stage stage_from_json(json::object object);
Execution execution_from_json(json::object object);

}  // namespace gennaker::model
