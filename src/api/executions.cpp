#include <fmt/format.h>

#include "api/execution_view.h"
#include "api/respond.h"
#include "base/ids.h"

namespace gennaker::api {
namespace {

base::Error not_found(std::string_view id) {
  return {base::Kind::not_found, fmt::format("Execution not found (id: {})", id)};
}

/// Newer spin wraps the trigger in an object of that name; older ones and scripts send it flat.
json::object trigger_of(const Request& request) {
  json::object body = body_of(request, Body::optional);
  const auto* inner = base::find_object(body, "trigger");
  const bool flat = body.contains("type") || body.contains("parameters") || body.contains("artifacts");
  if (inner == nullptr || flat) return body;
  json::object trigger = *inner;
  for (const std::string_view outer : {"user", "notifications"}) {
    if (body.contains(outer) && !trigger.contains(outer)) trigger[outer] = body[outer];
  }
  return trigger;
}

Async<std::string> start_saved(const Parts& parts, const Request& request, json::object trigger,
                               std::optional<std::string> id) {
  const std::string application = request.parameter("application");
  const std::string name = request.parameter("nameOrId");
  std::optional<json::object> config = co_await parts.configurations.find(application, name);
  if (!config) {
    throw base::Error(
        base::Kind::not_found,
        fmt::format("Pipeline configuration not found (nameOrId: {} in application {})", name, application));
  }
  pipelines::StartRequest start{
      .config = std::move(*config), .trigger = std::move(trigger), .execution_id = std::move(id)};
  start.user = user_of(request);
  start.origin = origin_of(request);
  auto starting = parts.starter.start_pipeline(std::move(start));
  co_return co_await std::move(starting);
}

Async<Response> start(const Parts& parts, Request request) {
  json::object trigger = trigger_of(request);
  const std::string id = co_await start_saved(parts, request, std::move(trigger), std::nullopt);
  co_return respond(ref("pipelines", id), 202);
}

Async<Response> start_v2(const Parts& parts, Request request) {
  json::object trigger = trigger_of(request);
  const std::string event_id = base::new_uuid(parts.random);
  const std::string execution_id = parts.starter.new_id();
  trigger["eventId"] = event_id;
  trigger["executionId"] = execution_id;
  const std::string id = co_await start_saved(parts, request, std::move(trigger), execution_id);
  json::object answer = ref("pipelines", id);
  answer["eventId"] = event_id;
  co_return respond(answer, 202);
}

Async<Response> start_unsaved(const Parts& parts, Request request) {
  json::object config = body_of(request);
  const auto* trigger = base::find_object(config, "trigger");
  pipelines::StartRequest start{.trigger = trigger ? *trigger : json::object{}};
  config.erase("trigger");
  start.config = std::move(config);
  start.user = user_of(request);
  start.origin = origin_of(request);
  auto starting = parts.starter.start_pipeline(std::move(start));
  const std::string id = co_await std::move(starting);
  co_return respond(ref("pipelines", id));
}

Async<Response> get(const Parts& parts, Request request) {
  const std::string id = request.parameter("id");
  std::optional<json::object> execution = co_await execution_view(parts.store, id);
  if (!execution) throw not_found(id);
  co_return respond(std::move(*execution));
}

Async<Response> tell_and_show(const Parts& parts, std::string id, engine::Event event) {
  co_await parts.runner.tell(id, std::move(event));
  std::optional<json::object> execution = co_await execution_view(parts.store, id);
  if (!execution) throw not_found(id);
  co_return respond(std::move(*execution));
}

Async<Response> tell(const Parts& parts, std::string id, engine::Event event) {
  co_await parts.runner.tell(std::move(id), std::move(event));
  co_return respond_empty();
}

Async<Response> cancel(const Parts& parts, Request request) {
  engine::Event event = engine::Cancel{user_of(request), request.query.get_or("reason", "")};
  return tell(parts, request.parameter("id"), std::move(event));
}

Async<Response> pause(const Parts& parts, Request request) {
  engine::Event event = engine::Pause{user_of(request)};
  return tell(parts, request.parameter("id"), std::move(event));
}

Async<Response> resume(const Parts& parts, Request request) {
  engine::Event event = engine::Resume{user_of(request)};
  return tell(parts, request.parameter("id"), std::move(event));
}

Async<Response> patch_stage(const Parts& parts, Request request) {
  engine::Event event = engine::PatchStage{request.parameter("stageId"), body_of(request), user_of(request)};
  return tell_and_show(parts, request.parameter("id"), std::move(event));
}

Async<Response> restart_stage(const Parts& parts, Request request) {
  const std::string id = request.parameter("id");
  engine::RestartStage restart{request.parameter("stageId"), user_of(request)};
  auto restarting = parts.starter.restart_stage(id, std::move(restart));
  co_await std::move(restarting);
  std::optional<json::object> execution = co_await execution_view(parts.store, id);
  if (!execution) throw not_found(id);
  co_return respond(std::move(*execution));
}

Async<Response> remove(const Parts& parts, Request request) {
  const std::string id = request.parameter("id");
  const std::optional<model::Execution> execution = co_await parts.store.execution(id);
  if (!execution) throw not_found(id);
  if (!engine::at_rest(*execution)) {
    throw base::Error(base::Kind::conflict, "Cannot delete a running PIPELINE, please cancel it first.");
  }
  store::Changes changes;
  changes.removed_executions.push_back(id);
  co_await parts.store.commit(std::move(changes));
  co_return respond_empty();
}

}  // namespace

void add_executions(net::Router& router, const Parts& parts) {
  route(router, parts, "POST", "/pipelines/start", start_unsaved);
  route(router, parts, "POST", "/pipelines/{application}/{nameOrId}", start);
  route(router, parts, "POST", "/applications/{application}/pipelineConfigs/{nameOrId}", start);
  route(router, parts, "POST", "/pipelines/v2/{application}/{nameOrId}", start_v2);
  route(router, parts, "GET", "/pipelines/{id}", get);
  route(router, parts, "DELETE", "/pipelines/{id}", remove);
  route(router, parts, "PUT", "/pipelines/{id}/cancel", cancel);
  route(router, parts, "PUT", "/applications/{application}/pipelines/{id}/cancel", cancel);
  route(router, parts, "PUT", "/pipelines/{id}/pause", pause);
  route(router, parts, "PUT", "/pipelines/{id}/resume", resume);
  route(router, parts, "PATCH", "/pipelines/{id}/stages/{stageId}", patch_stage);
  route(router, parts, "PUT", "/pipelines/{id}/stages/{stageId}/restart", restart_stage);
}

}  // namespace gennaker::api
