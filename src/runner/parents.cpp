#include "runner/parents.h"

#include <algorithm>
#include <vector>

#include "base/json.h"

namespace gennaker::runner {
namespace {

namespace json = boost::json;

/// Who was the parent's parent's parent's ... is not asked for.
constexpr std::size_t most_parents = 5;

bool mentions(const json::value& value, std::string_view word) {
  if (const auto* text = value.if_string())
    return std::string_view(*text).find(word) != std::string_view::npos;
  if (const auto* list = value.if_array()) {
    return std::any_of(list->begin(), list->end(),
                       [&](const json::value& element) { return mentions(element, word); });
  }
  const auto* object = value.if_object();
  return object != nullptr && std::any_of(object->begin(), object->end(),
                                          [&](const auto& member) { return mentions(member.value(), word); });
}

bool asks_for_parent(const model::Execution& execution) {
  return std::any_of(execution.stages.begin(), execution.stages.end(), [](const model::Stage& stage) {
    return std::any_of(stage.context.begin(), stage.context.end(),
                       [](const auto& field) { return mentions(field.value(), "parentExecution"); });
  });
}

}  // namespace

Async<void> join_parents(store::Store& store, model::Execution& execution) {
  std::string id = base::string_or(execution.trigger, "parentExecutionId", "");
  std::vector<model::Execution> chain;
  while (!id.empty() && chain.size() < most_parents) {
    std::optional<model::Execution> found = co_await store.execution(id);
    if (!found) break;  // pruned
    chain.push_back(std::move(*found));
    id = base::string_or(chain.back().trigger, "parentExecutionId", "");
  }
  for (auto one = chain.rbegin(); one != chain.rend(); ++one) {
    one->parent = std::move(execution.parent);
    execution.parent = std::make_shared<const model::Execution>(std::move(*one));
  }
}

Async<void> join_parents_if_asked_for(store::Store& store, model::Execution& execution) {
  if (execution.trigger.contains("parentExecutionId") && asks_for_parent(execution))
    co_await join_parents(store, execution);
}

}  // namespace gennaker::runner
