#include "api/respond.h"

#include <fmt/format.h>

namespace gennaker::api {

Response respond(const json::value& value, int status) {
  Response response = respond_text(base::to_text(value));
  response.status = status;
  return response;
}

Response respond_text(std::string json) {
  Response response;
  response.headers["Content-Type"] = "application/json";
  response.body = std::move(json);
  return response;
}

Response respond_empty() {
  return Response{};
}

json::object body_of(const Request& request, Body body) {
  if (request.body.empty() && body == Body::optional) return {};
  return base::parse_json_object(request.body, "the request's body");
}

std::string user_of(const Request&) {
  return "anonymous";
}

std::string origin_of(const Request& request) {
  const auto app = request.headers.find("X-RateLimit-App");
  return app != request.headers.end() && app->second == "deck" ? "deck" : "api";
}

std::vector<model::Status> statuses_of(const Request& request) {
  std::vector<model::Status> statuses;
  for (const std::string& word : request.query.list("statuses")) {
    const auto status = model::parse_status(word);
    if (!status) {
      throw base::Error(base::Kind::invalid,
                        fmt::format("statuses: '{}' is no status; write RUNNING, SUCCEEDED, ...", word),
                        {{"field", "statuses"}});
    }
    statuses.push_back(*status);
  }
  return statuses;
}

json::object ref(std::string_view kind, std::string_view id) {
  return {{"ref", fmt::format("/{}/{}", kind, id)}};
}

void route(net::Router& router, const Parts& parts, std::string_view method, std::string_view pattern,
           Resource resource) {
  router.add(method, pattern, [&parts, resource](Request request) {
    parts.origins.check(request);
    return resource(parts, std::move(request));
  });
}

}  // namespace gennaker::api
