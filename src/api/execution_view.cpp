#include "api/execution_view.h"

#include "base/json.h"
#include "model/execution_text.h"

namespace gennaker::api {
namespace {

/// Deeper nesting than this is shown without its outermost parents.
constexpr int most_parents = 20;

/// Puts the chain of parents into the trigger, nearest first.
Async<void> join_parents(store::Store& store, json::object* trigger, model::Detail detail) {
  for (int depth = 0; depth < most_parents; ++depth) {
    if (trigger == nullptr) co_return;
    const std::string parent_id = base::string_or(*trigger, "parentExecutionId", "");
    if (parent_id.empty()) co_return;
    std::optional<model::Execution> parent = co_await store.execution(parent_id);
    if (!parent) co_return;  // pruned: the ids and names beside it are left
    json::object view =
        detail == model::Detail::full ? model::to_json(*parent) : model::header_to_json(*parent);
    if (detail == model::Detail::outline) view["stages"] = json::array{};
    json::value& joined = (*trigger)["parentExecution"] = std::move(view);
    trigger = joined.as_object()["trigger"].if_object();
  }
}

}  // namespace

Async<std::optional<json::object>> execution_view(store::Store& store, std::string id) {
  std::optional<model::Execution> execution = co_await store.execution(std::move(id));
  if (!execution) co_return std::nullopt;
  co_await join_parents(store, &execution->trigger, model::Detail::full);
  co_return model::to_json(*execution);
}

Async<std::string> execution_list(store::Store& store, std::vector<model::Execution> executions,
                                  model::Detail detail) {
  std::string list = "[";
  for (model::Execution& execution : executions) {
    co_await join_parents(store, &execution.trigger, detail);
    if (list.size() > 1) list += ',';
    model::append_execution(list, execution, detail);
  }
  co_return list + "]";
}

}  // namespace gennaker::api
