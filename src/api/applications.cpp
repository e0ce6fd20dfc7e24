#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "api/infrastructure_json.h"
#include "api/respond.h"
#include "base/text.h"
#include "clusters/inventory.h"

namespace gennaker::api {
namespace {

base::Error not_found(std::string_view name) {
  return {base::Kind::not_found, fmt::format("Application not found (id: {})", name)};
}

std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

/// What the clouds know of it wins over what was stored.
void add_cloud_side(const Parts& parts, json::object& attributes) {
  const std::string name = base::string_or(attributes, "name", "");
  std::set<std::string> accounts;
  for (const auto& [account, snapshot] : snapshots(parts.clouds)) {
    if (!clusters::server_groups_of_application(*snapshot, name).empty()) accounts.insert(account);
  }
  if (!accounts.empty()) attributes["accounts"] = joined(accounts);
}

Async<Response> list(const Parts& parts, Request request) {
  const std::vector<json::object> stored = co_await parts.applications.list();
  const auto owner = request.query.get("owner");
  const auto account = request.query.get("account");
  json::array list;
  std::set<std::string> known;
  for (json::object attributes : stored) {
    add_cloud_side(parts, attributes);
    known.insert(base::string_or(attributes, "name", ""));
    const std::vector<std::string> accounts = base::string_list(attributes, "accounts");
    if (owner && base::lower_case(base::string_or(attributes, "email", "")) != base::lower_case(*owner))
      continue;
    if (account && std::find(accounts.begin(), accounts.end(), *account) == accounts.end()) continue;
    list.push_back(std::move(attributes));
  }
  if (!owner) {  // seen in a cloud, saved by nobody
    for (const auto& [name, snapshot] : snapshots(parts.clouds)) {
      if (account && *account != name) continue;
      for (const model::ServerGroup& group : snapshot->server_groups) {
        const std::string application = base::lower_case(group.moniker.app);
        if (known.insert(application).second) {
          list.push_back(
              json::object{{"name", application}, {"accounts", name}, {"cloudProviders", group.provider}});
        }
      }
    }
  }
  co_return respond(list);
}

Async<Response> get(const Parts& parts, Request request) {
  const std::string name = base::lower_case(request.parameter("application"));
  std::optional<json::object> attributes = co_await parts.applications.find(name);
  json::object clusters = clusters_json(parts.clouds, name);
  if (!attributes && clusters.empty()) throw not_found(request.parameter("application"));
  if (!attributes) attributes = json::object{{"name", name}};
  add_cloud_side(parts, *attributes);
  if (!request.query.flag("expand", true)) clusters.clear();
  co_return respond(json::object{
      {"name", name}, {"attributes", std::move(*attributes)}, {"clusters", std::move(clusters)}});
}

Async<Response> history(const Parts& parts, Request request) {
  const std::string name = base::lower_case(request.parameter("application"));
  const auto limit = static_cast<std::size_t>(request.query.number("limit", 20, 0, 1000));
  std::vector<store::Document> versions = co_await parts.store.history("application", name, limit);
  json::array list;
  for (store::Document& version : versions) {
    if (!version.removed) list.push_back(std::move(version.body));
  }
  co_return respond(list);
}

}  // namespace

void add_applications(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/applications", list);
  route(router, parts, "GET", "/applications/{application}", get);
  route(router, parts, "GET", "/applications/{application}/history", history);
}

}  // namespace gennaker::api
