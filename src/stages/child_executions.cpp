#include "stages/child_executions.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"

namespace gennaker::stages {
namespace {

using model::Status;

std::vector<const model::Stage*> in_order(const model::Execution& execution) {
  std::vector<const model::Stage*> left, ordered;
  for (const model::Stage& stage : execution.stages) {
    if (!stage.synthetic()) left.push_back(&stage);
  }
  std::set<std::string_view> done;
  while (!left.empty()) {
    const auto ready = std::stable_partition(left.begin(), left.end(), [&](const model::Stage* stage) {
      return !std::all_of(stage->requisites.begin(), stage->requisites.end(),
                          [&](const std::string& ref) { return done.contains(ref); });
    });
    if (ready == left.end()) break;  // a start refuses circles
    for (auto one = ready; one != left.end(); ++one) done.insert((*one)->ref_id);
    ordered.insert(ordered.end(), ready, left.end());
    left.erase(ready, left.end());
  }
  return ordered;
}

void join(json::array& into, const json::array& more) {
  for (const json::value& one : more) {
    if (std::find(into.begin(), into.end(), one) == into.end()) into.push_back(one);
  }
}

/// What operations that failed say, where a task keeps them as Spinnaker does, in `kato.tasks`.
std::vector<std::string> messages_of_operations(const model::Stage& stage) {
  std::vector<std::string> messages;
  const auto* operations = base::find_array(stage.context, "kato.tasks");
  for (std::size_t i = 0; operations != nullptr && i < operations->size(); ++i) {
    const auto* operation = (*operations)[i].if_object();
    const auto* status = operation ? base::find_object(*operation, "status") : nullptr;
    if (status == nullptr || !base::bool_or(*status, "failed", false)) continue;
    const auto* exception = base::find_object(*operation, "exception");
    const std::string message = exception ? base::string_or(*exception, "message", "") : "";
    const auto* history = base::find_array(*operation, "history");
    const auto* last = history && !history->empty() ? history->back().if_object() : nullptr;
    if (!message.empty()) {
      messages.push_back(message);
    } else if (last != nullptr) {
      messages.push_back(base::string_or(*last, "status", "failed"));
    }
  }
  return messages;
}

/// What a failed stage says: its exception, else what the last failed operation said.
std::vector<std::string> messages_of(const model::Stage& stage) {
  std::vector<std::string> messages;
  const auto* exception = base::find_object(stage.context, "exception");
  const auto* details = exception ? base::find_object(*exception, "details") : nullptr;
  if (details == nullptr) return messages_of_operations(stage);
  if (const auto* list = base::find_array(*details, "errors")) {
    for (const json::value& one : *list) messages.push_back(base::plain_text(one));
  }
  if (messages.empty()) messages.push_back(base::string_or(*details, "error", "failed"));
  return messages;
}

}  // namespace

json::object merged_outputs(const model::Execution& child) {
  json::object merged;
  for (const model::Stage* stage : in_order(child)) {
    for (const auto& output : stage->outputs) {
      auto* known = merged.if_contains(output.key());
      if (known != nullptr && known->is_array() && output.value().is_array()) {
        join(known->as_array(), output.value().as_array());
      } else {
        merged.insert_or_assign(output.key(), output.value());
      }
    }
  }
  return merged;
}

json::object child_exception(const model::Execution& child) {
  json::array errors;
  json::object source{{"executionId", child.id}};
  for (std::size_t i = 0; i < child.stages.size(); ++i) {
    const model::Stage& stage = child.stages[i];
    if (stage.status != Status::terminal) continue;
    const std::vector<std::string> messages = messages_of(stage);
    if (!messages.empty() && !source.contains("stageId")) {
      source["stageId"] = stage.id;
      source["stageName"] = stage.name;
      source["stageIndex"] = i;
    }
    for (const std::string& message : messages) {
      errors.push_back(json::value(
          fmt::format("Exception in child pipeline stage ({}: {}): {}", child.name, stage.name, message)));
    }
  }
  if (errors.empty()) {
    errors.push_back(
        json::value(fmt::format("child pipeline {} ended {}", child.name, model::to_string(child.status))));
  }
  return {{"source", std::move(source)}, {"details", json::object{{"errors", std::move(errors)}}}};
}

}  // namespace gennaker::stages
