#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "api/api.h"
#include "base/error.h"
#include "base/json.h"

/// Small words that all resources use.
namespace gennaker::api {

namespace json = boost::json;
using base::Async;
using net::Request;
using net::Response;

/// 200 with JSON.
Response respond(const json::value& value, int status = 200);
/// 200 with what is JSON already.
Response respond_text(std::string json);
/// 200 with nothing: what Gate answers where there is nothing to say.
Response respond_empty();

/// The body as an object; `invalid` if it is something else. An absent body is an empty object when
/// `optional`.
enum class Body { required, optional };
json::object body_of(const Request& request, Body body = Body::required);

/// Who asks. Nobody signs in yet.
std::string user_of(const Request& request);
/// "deck" for the page's requests, else "api".
std::string origin_of(const Request& request);

std::vector<model::Status> statuses_of(const Request& request);

/// {"/tasks/ID"} as clients expect it.
json::object ref(std::string_view kind, std::string_view id);

using Resource = Async<Response> (*)(const Parts&, Request);
void route(net::Router& router, const Parts& parts, std::string_view method, std::string_view pattern,
           Resource resource);

// One function a resource file.
void add_applications(net::Router& router, const Parts& parts);
void add_configurations(net::Router& router, const Parts& parts);
void add_executions(net::Router& router, const Parts& parts);
void add_expressions(net::Router& router, const Parts& parts);
void add_plans(net::Router& router, const Parts& parts);
void add_failed_stages(net::Router& router, const Parts& parts);
void add_execution_lists(net::Router& router, const Parts& parts);
void add_tasks(net::Router& router, const Parts& parts);
void add_infrastructure(net::Router& router, const Parts& parts);
void add_cluster_views(net::Router& router, const Parts& parts);
void add_cluster_locks(net::Router& router, const Parts& parts);
void add_bakery(net::Router& router, const Parts& parts);
void add_guards(net::Router& router, const Parts& parts);
void add_firewalls(net::Router& router, const Parts& parts);
void add_tags(net::Router& router, const Parts& parts);
void add_accounts(net::Router& router, const Parts& parts);
void add_events(net::Router& router, const Parts& parts);
void add_page(net::Router& router, const Parts& parts);
void add_rest(net::Router& router, const Parts& parts);
void add_health(net::Router& router, const Parts& parts);

}  // namespace gennaker::api
