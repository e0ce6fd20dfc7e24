#include "api/execution_view.h"

#include "base/json.h"
#include "model/execution_json.h"

namespace gennaker::api {
namespace {

/// Deeper nesting than this is shown without its outermost parents.
constexpr int most_parents = 20;

/// Puts the chain of parents into the trigger, nearest first.
Async<void> join_parents(store::Store& store, json::object& execution, model::Detail detail) {
  json::object* trigger = execution["trigger"].if_object();
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
  json::object view = model::to_json(*execution);
  co_await join_parents(store, view, model::Detail::full);
  co_return view;
}

Async<json::array> execution_views(store::Store& store, std::vector<model::Execution> executions,
                                   model::Detail detail) {
  json::array views;
  views.reserve(executions.size());
  for (const model::Execution& execution : executions) {
    json::object view = model::to_json(execution, detail);
    co_await join_parents(store, view, detail);
    views.push_back(std::move(view));
  }
  co_return views;
}

}  // namespace gennaker::api
