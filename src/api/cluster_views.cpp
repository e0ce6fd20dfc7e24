#include <algorithm>
#include <fmt/format.h>

#include "api/infrastructure_json.h"
#include "api/respond.h"
#include "clusters/inventory.h"

/// One cluster, its server groups, and which of them a target means.
namespace gennaker::api {
namespace {

using base::Error;
using base::Kind;

std::optional<model::Account> account_of(const Parts& parts, const Request& request) {
  for (const model::Account& account : parts.clouds.accounts()) {
    if (account.name == request.parameter("account")) return account;
  }
  return std::nullopt;
}

bool is_of_provider(const Parts& parts, const Request& request) {
  const auto account = account_of(parts, request);
  return account && clusters::same_name(account->provider, request.parameter("provider"));
}

/// The server groups of the cluster in the path; empty: there is no such cluster, or account.
clusters::ServerGroups groups_of(const clusters::Snapshot& snapshot, const Request& request,
                                 const std::string& location = "") {
  clusters::ServerGroups groups =
      clusters::server_groups_of_cluster(snapshot, request.parameter("cluster"), location);
  std::erase_if(groups, [&](const model::ServerGroup* group) {
    return !clusters::same_name(group->moniker.app, request.parameter("application"));
  });
  return groups;
}

std::shared_ptr<const clusters::Snapshot> snapshot_of(const Parts& parts, const Request& request) {
  if (!account_of(parts, request)) return std::make_shared<const clusters::Snapshot>();
  return parts.clouds.snapshot(request.parameter("account"));
}

json::object cluster_of(const Parts& parts, const Request& request) {
  const json::object all = clusters_json(parts.clouds, request.parameter("application"));
  const auto* list = base::find_array(all, request.parameter("account"));
  for (const auto& entry : list != nullptr ? *list : json::array{}) {
    const json::object& one = entry.as_object();
    if (clusters::same_name(base::string_or(one, "name", ""), request.parameter("cluster"))) return one;
  }
  return {};
}

Async<Response> cluster(const Parts& parts, Request request) {
  co_return respond(cluster_of(parts, request));
}

Async<Response> cluster_of_provider(const Parts& parts, Request request) {
  co_return respond(is_of_provider(parts, request) ? cluster_of(parts, request) : json::object{});
}

json::array details_of(const clusters::ServerGroups& groups) {
  json::array list;
  for (const model::ServerGroup* group : groups) list.push_back(details_json(*group));
  return list;
}

Async<Response> server_groups(const Parts& parts, Request request) {
  const auto snapshot = snapshot_of(parts, request);
  co_return respond(details_of(groups_of(*snapshot, request)));
}

Async<Response> server_groups_of_provider(const Parts& parts, Request request) {
  const auto snapshot = snapshot_of(parts, request);
  co_return respond(is_of_provider(parts, request) ? details_of(groups_of(*snapshot, request))
                                                   : json::array{});
}

/// Those of that name: one in each region.
Async<Response> named_server_groups(const Parts& parts, Request request) {
  const auto snapshot = snapshot_of(parts, request);
  clusters::ServerGroups groups = groups_of(*snapshot, request, request.query.get_or("region", ""));
  std::erase_if(groups, [&](const model::ServerGroup* group) {
    return !clusters::same_name(group->name, request.parameter("name"));
  });
  co_return respond(details_of(groups));
}

/// Of the applications named, or those named as account:region:name.
Async<Response> of_all(const Parts& parts, Request request) {
  const std::vector<std::string> applications = request.query.list("applications"),
                                 ids = request.query.list("ids");
  if (applications.empty() == ids.empty())
    throw Error(Kind::invalid, "Provide either `applications` or `ids`, and not both.");
  json::array list;
  const auto add = [&](const model::ServerGroup& group) { list.push_back(summary_json(group)); };
  for (const auto& [account, snapshot] : snapshots(parts.clouds)) {
    for (const std::string& application : applications) {
      for (const auto* group : clusters::server_groups_of_application(*snapshot, application)) add(*group);
    }
    for (const std::string& id : ids) {
      const auto first = id.find(':'), last = id.rfind(':');
      if (first == last) throw Error(Kind::invalid, fmt::format("ids: '{}' is not account:region:name", id));
      if (id.substr(0, first) != account) continue;
      const auto* group =
          clusters::find_server_group(*snapshot, id.substr(first + 1, last - first - 1), id.substr(last + 1));
      if (group != nullptr) add(*group);
    }
  }
  co_return respond(list);
}

clusters::Target target_of(const Request& request) {
  const auto word = clusters::parse_target(request.parameter("target"));
  if (word) return word->target;
  throw Error(Kind::invalid,
              fmt::format("target: '{}' is not known; there are: {}", request.parameter("target"),
                          fmt::join(clusters::target_words(), ", ")));
}

model::ServerGroup target_in(const Parts& parts, const Request& request) {
  const auto snapshot = snapshot_of(parts, request);
  clusters::ServerGroups groups;
  if (is_of_provider(parts, request)) groups = groups_of(*snapshot, request, request.parameter("scope"));
  const auto found =
      clusters::resolve_target(groups, target_of(request),
                               {.only_enabled = request.query.flag("onlyEnabled", false),
                                .validate_oldest = request.query.flag("validateOldest", true)});
  if (found.group != nullptr) return *found.group;
  throw Error(Kind::not_found,
              fmt::format("No cluster target {} found (account: {}, cluster: {}, scope: {}): {}",
                          request.parameter("target"), request.parameter("account"),
                          request.parameter("cluster"), request.parameter("scope"), found.problem));
}

Async<Response> target(const Parts& parts, Request request) {
  co_return respond(details_json(target_in(parts, request)));
}

/// What is asked of the target: its images, or its load balancers.
Async<Response> target_summary(const Parts& parts, Request request) {
  const std::string& wanted = request.parameter("summary");
  const model::ServerGroup group = target_in(parts, request);
  if (clusters::same_name(wanted, "image") || clusters::same_name(wanted, "images")) {
    const json::object image{{"serverGroupName", group.name},
                             {"imageId", group.image_id},
                             {"imageName", group.image_name},
                             {"image", json::object{{"imageId", group.image_id}, {"name", group.image_name}}},
                             {"buildInfo", json::object{{"version", group.version}}}};
    co_return respond(json::object{{"summaries", json::array{image}}});
  }
  if (clusters::same_name(wanted, "loadbalancer") || clusters::same_name(wanted, "loadbalancers")) {
    json::array names;
    for (const std::string& name : group.load_balancers) names.push_back(json::value(name));
    co_return respond(json::object{{"serverGroupName", group.name}, {"loadBalancers", std::move(names)}});
  }
  throw Error(Kind::invalid,
              fmt::format("summaryType: '{}' is not known; there are: image, loadbalancer", wanted));
}

}  // namespace

void add_cluster_views(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/serverGroups", of_all);
  const std::string one = "/applications/{application}/clusters/{account}/{cluster}";
  route(router, parts, "GET", one, cluster);
  route(router, parts, "GET", one + "/serverGroups", server_groups);
  route(router, parts, "GET", one + "/serverGroups/{name}", named_server_groups);
  route(router, parts, "GET", one + "/{provider}", cluster_of_provider);
  route(router, parts, "GET", one + "/{provider}/serverGroups", server_groups_of_provider);
  route(router, parts, "GET", one + "/{provider}/serverGroups/{name}", named_server_groups);
  route(router, parts, "GET", one + "/{provider}/{scope}/serverGroups/target/{target}", target);
  route(router, parts, "GET", one + "/{provider}/{scope}/serverGroups/target/{target}/{summary}",
        target_summary);
}

}  // namespace gennaker::api
