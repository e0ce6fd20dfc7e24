#include <fmt/format.h>

#include "api/respond.h"

/// What clients ask at their start, and what must answer even where the feature is missing.
namespace gennaker::api {
namespace {

Async<Response> version(const Parts&, Request) {
  co_return respond(json::object{{"version", "2.1.0"}});
}

Async<Response> empty_list(const Parts&, Request) {
  co_return respond(json::array{});
}

Async<Response> empty_object(const Parts&, Request) {
  co_return respond(json::object{});
}

/// The stage types that this server knows, with their fields as JSON Schema.
Async<Response> stage_types(const Parts& parts, Request) {
  json::array list;
  for (const engine::Stage* stage : parts.stages.all()) list.push_back(json::object{{"type", stage->type()}});
  co_return respond(list);
}

Async<Response> preflight(const Parts&, Request) {
  co_return respond_empty();
}

Async<Response> preconfigured_jobs(const Parts& parts, Request) {
  co_return respond(parts.preconfigured_jobs);
}

}  // namespace

void add_rest(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/version", version);
  route(router, parts, "GET", "/stages", stage_types);
  route(router, parts, "OPTIONS", "/{path...}", preflight);
  route(router, parts, "GET", "/jobs/preconfigured", preconfigured_jobs);
  for (const std::string_view path :
       {"/notifications/metadata", "/webhooks/preconfigured", "/banners",
        "/plugins/deck/plugin-manifest.json", "/capabilities/deploymentMonitors", "/artifacts/credentials",
        "/applications/{application}/strategyConfigs", "/applications/{application}/serverGroupManagers",
        "/v2/builds", "/v3/builds", "/projects", "/auth/user/serviceAccounts", "/strategyConfigs"}) {
    route(router, parts, "GET", path, empty_list);
  }
  for (const std::string_view path : {"/networks", "/notifications/application/{application}"}) {
    route(router, parts, "GET", path, empty_object);
  }
}

}  // namespace gennaker::api
