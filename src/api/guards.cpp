#include <algorithm>
#include <fmt/format.h>

#include "api/requested.h"
#include "api/respond.h"
#include "base/text.h"
#include "clusters/operations.h"
#include "clusters/traffic_guards.h"

/// Whether a traffic guard would refuse an operation, asked before anybody starts it.
namespace gennaker::api {
namespace {

/// Rules older than this many changes of the application are said to be as old as the oldest of them.
constexpr std::size_t versions_read = 200;

std::string operation_of(const Request& request) {
  std::string operation = request.query.get_or("operation", "");
  if (!operation.empty()) return operation;
  throw base::Error(base::Kind::invalid, "operation: name one, such as disableServerGroup",
                    {{"field", "operation"}});
}

/// Empty if the operation takes no traffic away.
std::string verb_of(const Request& request, const std::string& operation) {
  std::string verb(clusters::guarded_verb(operation));
  if (operation == clusters::resize_server_group_kind) {
    if (!request.query.get("desired")) {
      throw base::Error(base::Kind::invalid, "desired: the new size is needed", {{"field", "desired"}});
    }
    if (request.query.number("desired", 0, 0, 1'000'000) > 0) verb.clear();
  }
  return verb;
}

bool has_rule(const store::Document& version, const json::object& rule) {
  const auto* rules = base::find_array(version.body, "trafficGuards");
  return rules != nullptr && std::find(rules->begin(), rules->end(), json::value(rule)) != rules->end();
}

/// The rule, with who set it as a refusal names them, and since when it is as it is now.
json::object guard_json(const json::value& rule, const std::vector<store::Document>& newest_first) {
  json::object entry = rule.as_object();
  json::object written = entry;
  written.erase("setBy");
  for (const store::Document& version : newest_first) {
    if (!has_rule(version, written)) break;
    entry["setAt"] = base::to_millis(version.updated_at);
  }
  return entry;
}

Async<Response> answer(const Parts& parts, std::string operation, std::string application,
                       clusters::GuardVerdict verdict) {
  json::array guards;
  if (!verdict.rules.empty()) {
    std::string kind = "application", id = std::move(application);
    auto reading = parts.store.history(std::move(kind), std::move(id), versions_read);
    const std::vector<store::Document> versions = co_await std::move(reading);
    for (const json::value& rule : verdict.rules) guards.push_back(guard_json(rule, versions));
  }
  json::object body{
      {"operation", operation}, {"allowed", !verdict.denied.has_value()}, {"guards", std::move(guards)}};
  if (verdict.denied) body["reason"] = *verdict.denied;
  co_return respond(body);
}

Async<Response> of_server_group(const Parts& parts, Request request) {
  std::string operation = operation_of(request), verb = verb_of(request, operation);
  std::string account = request.parameter("account"), region = request.parameter("region");
  auto reading = parts.clouds.fresh_snapshot(account);
  const auto snapshot = co_await std::move(reading);
  const model::ServerGroup& group = requested_server_group(*snapshot, request);
  std::vector<std::string> names{group.name};
  auto asking = parts.guards.ask(std::move(account), std::move(region), std::move(names), std::move(verb));
  clusters::GuardVerdict verdict = co_await std::move(asking);
  std::string application = base::lower_case(group.moniker.app);
  auto answering = answer(parts, std::move(operation), std::move(application), std::move(verdict));
  co_return co_await std::move(answering);
}

Async<Response> of_instance(const Parts& parts, Request request) {
  std::string operation = operation_of(request), verb(clusters::guarded_verb(operation));
  std::string account = request.parameter("account"), region = request.parameter("region");
  auto reading = parts.clouds.fresh_snapshot(account);
  const auto snapshot = co_await std::move(reading);
  const InstanceHome home = requested_instance(*snapshot, request);
  std::vector<std::string> ids{home.instance->id}, names{home.group->name};
  // While others of its server group serve, that keeps its traffic.
  if (clusters::emptied_by(*snapshot, region, ids).empty()) verb.clear();
  auto asking = parts.guards.ask(std::move(account), std::move(region), std::move(names), std::move(verb));
  clusters::GuardVerdict verdict = co_await std::move(asking);
  std::string application = base::lower_case(home.group->moniker.app);
  auto answering = answer(parts, std::move(operation), std::move(application), std::move(verdict));
  co_return co_await std::move(answering);
}

}  // namespace

void add_guards(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/applications/{application}/serverGroups/{account}/{region}/{name}/guard",
        of_server_group);
  route(router, parts, "GET", "/instances/{account}/{region}/{id}/guard", of_instance);
}

}  // namespace gennaker::api
