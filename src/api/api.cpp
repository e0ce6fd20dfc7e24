#include "api/api.h"

#include <fmt/format.h>

#include "api/respond.h"
#include "base/ids.h"
#include "base/logging.h"

namespace gennaker::api {
namespace {

struct Meaning {
  int status;
  std::string_view reason;
};

Meaning meaning_of(const base::Error& error) {
  if (const auto status = base::whole_number(error.details(), "status")) {
    if (*status == 405) return {405, "Method Not Allowed"};
    if (*status == 413) return {413, "Payload Too Large"};
    if (*status == 501) return {501, "Not Implemented"};
  }
  switch (error.kind()) {
    case base::Kind::invalid:
      return {400, "Bad Request"};
    case base::Kind::not_found:
      return {404, "Not Found"};
    case base::Kind::conflict:
      return {409, "Conflict"};
    case base::Kind::forbidden:
      return {403, "Forbidden"};
    case base::Kind::unauthenticated:
      return {401, "Unauthorized"};
    case base::Kind::unavailable:
      return {503, "Service Unavailable"};
    case base::Kind::timeout:
      return {504, "Gateway Timeout"};
    case base::Kind::internal:
      break;
  }
  return {500, "Internal Server Error"};
}

}  // namespace

net::Router make_router(const Parts& parts) {
  net::Router router;
  add_applications(router, parts);
  add_configurations(router, parts);
  add_executions(router, parts);
  add_expressions(router, parts);
  add_plans(router, parts);
  add_failed_stages(router, parts);
  add_execution_lists(router, parts);
  add_tasks(router, parts);
  add_infrastructure(router, parts);
  add_cluster_views(router, parts);
  add_cluster_locks(router, parts);
  add_bakery(router, parts);
  add_guards(router, parts);
  add_firewalls(router, parts);
  add_tags(router, parts);
  add_accounts(router, parts);
  add_events(router, parts);
  add_page(router, parts);
  add_rest(router, parts);
  add_health(router, parts);
  return router;
}

net::Response to_response(const base::Clock& clock, const net::Request& request,
                          const std::exception_ptr& failure) {
  Meaning meaning{500, "Internal Server Error"};
  json::object body{{"timestamp", base::to_millis(clock.now())}};
  std::string message;
  json::object details;
  try {
    std::rethrow_exception(failure);
  } catch (const base::Error& error) {
    meaning = meaning_of(error);
    message = error.what();
    details = error.details();
  } catch (const std::exception& error) {
    message = error.what();
  }
  if (meaning.status == 500) base::log::error("{} {}: {}", request.method, request.target, message);
  details.erase("status");
  body["status"] = meaning.status;
  body["error"] = meaning.reason;
  body["message"] = message;
  for (const auto& detail : details) body.insert_or_assign(detail.key(), detail.value());
  return respond(body, meaning.status);
}

void finish(const Origins& origins, base::Random& random, const net::Request& request,
            net::Response& response) {
  const auto id = request.headers.find("X-SPINNAKER-REQUEST-ID");
  response.headers["X-SPINNAKER-REQUEST-ID"] =
      id != request.headers.end() ? id->second : base::new_uuid(random);
  if (!origins.lists(request)) return;
  response.headers["Access-Control-Allow-Origin"] = request.headers.find("Origin")->second;
  response.headers["Access-Control-Allow-Credentials"] = "true";
  response.headers["Vary"] = "Origin";
  response.headers["Access-Control-Allow-Methods"] = "POST, GET, OPTIONS, DELETE, PUT, PATCH";
  response.headers["Access-Control-Max-Age"] = "3600";
  response.headers["Access-Control-Allow-Headers"] =
      "x-requested-with, content-type, authorization, X-RateLimit-App, X-Spinnaker-Priority";
  response.headers["Access-Control-Expose-Headers"] = "X-AUTH-REDIRECT-URL";
}

}  // namespace gennaker::api
