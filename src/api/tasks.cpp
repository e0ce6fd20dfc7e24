#include <algorithm>
#include <fmt/format.h>

#include "api/respond.h"
#include "base/text.h"
#include "model/execution_json.h"

namespace gennaker::api {
namespace {

bool empty(const json::value& value) {
  if (value.is_null()) return true;
  if (const auto* text = value.if_string()) return text->empty();
  if (const auto* array = value.if_array()) return array->empty();
  if (const auto* object = value.if_object()) return object->empty();
  return false;
}

/// The contexts of all stages, merged in order; nothing wins over something only if it is something.
json::array variables_of(const model::Execution& execution) {
  json::object merged;
  for (const model::Stage& stage : execution.stages) {
    for (const auto& member : stage.context) {
      const auto* known = merged.if_contains(member.key());
      if (known != nullptr && empty(member.value()) && !empty(*known)) continue;
      merged.insert_or_assign(member.key(), member.value());
    }
  }
  json::array variables;
  for (const auto& member : merged)
    variables.push_back(json::object{{"key", member.key()}, {"value", member.value()}});
  return variables;
}

json::object task_view(const model::Execution& execution) {
  json::array steps;
  for (const model::Stage& stage : execution.stages) {
    for (const model::Task& task : stage.tasks) steps.push_back(model::to_json(task));
  }
  json::object view{{"id", execution.id},
                    {"name", execution.description},
                    {"application", execution.application},
                    {"status", model::to_string(execution.status)},
                    {"variables", variables_of(execution)},
                    {"steps", std::move(steps)},
                    {"buildTime", base::to_millis(execution.build_time)}};
  if (execution.start_time) view["startTime"] = base::to_millis(*execution.start_time);
  if (execution.end_time) view["endTime"] = base::to_millis(*execution.end_time);
  view["execution"] = model::to_json(execution);
  return view;
}

Async<Response> create(const Parts& parts, Request request) {
  json::object body = body_of(request);
  if (const auto application = request.parameters.find("application");
      application != request.parameters.end()) {
    body["application"] = application->second;
  }
  auto starting = parts.starter.start_orchestration(std::move(body), user_of(request), origin_of(request));
  const std::string id = co_await std::move(starting);
  co_return respond(ref("tasks", id));
}

Async<model::Execution> find(const Parts& parts, std::string id) {
  std::optional<model::Execution> execution = co_await parts.store.execution(id);
  if (!execution) throw base::Error(base::Kind::not_found, fmt::format("Task not found (id: {})", id));
  co_return std::move(*execution);
}

Async<Response> get(const Parts& parts, Request request) {
  const model::Execution execution = co_await find(parts, request.parameter("id"));
  co_return respond(task_view(execution));
}

Async<Response> cancel(const Parts& parts, Request request) {
  engine::Event event = engine::Cancel{user_of(request), ""};
  co_await parts.runner.tell(request.parameter("id"), std::move(event));
  co_return respond_empty();
}

Async<Response> remove(const Parts& parts, Request request) {
  const model::Execution execution = co_await find(parts, request.parameter("id"));
  if (!engine::at_rest(execution)) {
    throw base::Error(base::Kind::conflict, "Cannot delete a running ORCHESTRATION, please cancel it first.");
  }
  store::Changes changes;
  changes.removed_executions.push_back(execution.id);
  co_await parts.store.commit(std::move(changes));
  co_return respond_empty();
}

Async<Response> of_application(const Parts& parts, Request request) {
  const auto page = static_cast<std::size_t>(request.query.number("page", 1, 1, 1'000'000));
  const auto limit = static_cast<std::size_t>(request.query.number("limit", 3500, 1, 3500));
  store::ExecutionQuery query;
  query.type = model::ExecutionType::orchestration;
  query.application = base::lower_case(request.parameter("application"));
  query.statuses = statuses_of(request);
  query.built_from = parts.clock.now() - std::chrono::days(14);
  query.limit = limit;
  query.offset = (page - 1) * limit;
  const std::vector<model::Execution> found =
      co_await parts.store.executions(std::move(query), model::Detail::full);
  json::array tasks;
  for (const model::Execution& execution : found) tasks.push_back(task_view(execution));
  co_return respond(tasks);
}

}  // namespace

void add_tasks(net::Router& router, const Parts& parts) {
  route(router, parts, "POST", "/tasks", create);
  route(router, parts, "POST", "/applications/{application}/tasks", create);
  route(router, parts, "GET", "/tasks/{id}", get);
  route(router, parts, "PUT", "/tasks/{id}/cancel", cancel);
  route(router, parts, "DELETE", "/tasks/{id}", remove);
  route(router, parts, "GET", "/applications/{application}/tasks", of_application);
  route(router, parts, "GET", "/applications/{application}/tasks/{id}", get);
  route(router, parts, "PUT", "/applications/{application}/tasks/{id}/cancel", cancel);
}

}  // namespace gennaker::api
