#include <fmt/format.h>

#include "api/respond.h"
#include "base/text.h"

namespace gennaker::api {
namespace {

using pipelines::Configurations;

Async<Response> list(const Parts& parts, Request request) {
  std::vector<json::object> configs = co_await parts.configurations.list(request.parameter("application"));
  const std::string wanted = base::lower_case(request.query.get_or("pipelineNameFilter", ""));
  const auto limit = static_cast<std::size_t>(request.query.number("pipelineLimit", 1'000'000, 0, 1'000'000));
  json::array list;
  for (json::object& config : configs) {
    if (list.size() >= limit) break;
    if (base::lower_case(base::string_or(config, "name", "")).find(wanted) == std::string::npos) continue;
    list.push_back(std::move(config));
  }
  co_return respond(list);
}

Async<Response> list_all(const Parts& parts, Request) {
  std::vector<json::object> configs = co_await parts.configurations.list_all();
  co_return respond(json::array(configs.begin(), configs.end()));
}

Async<Response> get(const Parts& parts, Request request) {
  const std::string application = request.parameter("application");
  const std::string name = request.parameter("nameOrId");
  std::optional<json::object> config = co_await parts.configurations.find(application, name);
  if (!config) {
    throw base::Error(
        base::Kind::not_found,
        fmt::format("Pipeline configuration not found (nameOrId: {} in application {})", name, application));
  }
  co_return respond(std::move(*config));
}

Async<Response> history(const Parts& parts, Request request) {
  const auto limit = static_cast<std::size_t>(request.query.number("limit", 20, 0, 1000));
  const std::vector<json::object> versions =
      co_await parts.configurations.history(request.parameter("id"), limit);
  co_return respond(json::array(versions.begin(), versions.end()));
}

Async<Response> save(const Parts& parts, Request request) {
  json::object config = body_of(request);
  const auto stale_check = request.query.flag("staleCheck", false) ? Configurations::StaleCheck::yes
                                                                   : Configurations::StaleCheck::no;
  co_await parts.configurations.save(std::move(config), user_of(request), stale_check);
  co_return respond_empty();
}

Async<Response> update(const Parts& parts, Request request) {
  json::object config = body_of(request);
  const std::string id = request.parameter("id");
  if (base::string_or(config, "id", "") != id) {
    throw base::Error(base::Kind::invalid,
                      fmt::format("id: '{}' in the body is not the id in the path, '{}'",
                                  base::string_or(config, "id", ""), id),
                      {{"field", "id"}});
  }
  auto saving =
      parts.configurations.save(std::move(config), user_of(request), Configurations::StaleCheck::no);
  const json::object saved = co_await std::move(saving);
  co_return respond(saved);
}

Async<Response> remove(const Parts& parts, Request request) {
  co_await parts.configurations.remove(request.parameter("application"), request.parameter("name"),
                                       user_of(request));
  co_return respond_empty();
}

Async<Response> reorder(const Parts& parts, Request request) {
  const json::object body = body_of(request);
  const auto* indices = base::find_object(body, "idsToIndices");
  const std::string application = base::string_or(body, "application", "");
  if (indices == nullptr || application.empty()) {
    throw base::Error(base::Kind::invalid, "`application` and `idsToIndices` are required parameters",
                      {{"field", application.empty() ? "application" : "idsToIndices"}});
  }
  co_await parts.configurations.reorder(application, *indices, user_of(request));
  co_return respond(
      json::object{{"status", "SUCCEEDED"}, {"application", application}, {"variables", json::array{}}});
}

}  // namespace

void add_configurations(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/applications/{application}/pipelineConfigs", list);
  route(router, parts, "GET", "/applications/{application}/pipelineConfigs/{nameOrId}", get);
  route(router, parts, "GET", "/pipelineConfigs", list_all);
  route(router, parts, "GET", "/pipelineConfigs/{id}/history", history);
  route(router, parts, "POST", "/pipelines", save);
  route(router, parts, "PUT", "/pipelines/{id}", update);
  route(router, parts, "DELETE", "/pipelines/{application}/{name}", remove);
  route(router, parts, "POST", "/actions/pipelines/reorder", reorder);
}

}  // namespace gennaker::api
