#include <algorithm>
#include <fmt/format.h>

#include "api/infrastructure_json.h"
#include "api/requested.h"
#include "api/respond.h"
#include "base/text.h"
#include "clusters/inventory.h"
#include "clusters/naming.h"

namespace gennaker::api {
namespace {

Async<Response> clusters(const Parts& parts, Request request) {
  json::object names;
  for (const auto& account : clusters_json(parts.clouds, request.parameter("application"))) {
    json::array list;
    for (const auto& cluster : account.value().as_array()) list.push_back(cluster.as_object().at("name"));
    names[account.key()] = std::move(list);
  }
  co_return respond(names);
}

Async<Response> clusters_of_account(const Parts& parts, Request request) {
  const json::object all = clusters_json(parts.clouds, request.parameter("application"));
  const auto* list = base::find_array(all, request.parameter("account"));
  co_return respond(list ? *list : json::array{});
}

/// "account:name" pairs of the `clusters` filter.
bool wanted(const std::vector<std::string>& filter, const model::ServerGroup& group) {
  if (filter.empty()) return true;
  const std::string name = group.account + ":" + group.moniker.cluster;
  return std::find(filter.begin(), filter.end(), name) != filter.end();
}

Async<Response> server_groups(const Parts& parts, Request request) {
  const std::vector<std::string> filter = request.query.list("clusters");
  const bool expand = request.query.flag("expand", false);
  // Written group by group: the values of thousands of instances at once would cost more than their text.
  std::string text = "[";
  for (const auto& [account, snapshot] : snapshots(parts.clouds)) {
    for (const model::ServerGroup* group :
         clusters::server_groups_of_application(*snapshot, request.parameter("application"))) {
      if (!wanted(filter, *group)) continue;
      if (text.size() > 1) text += ',';
      base::append_text(text, expand ? details_json(*group) : summary_json(*group));
    }
  }
  text += ']';
  co_return respond_text(std::move(text));
}

Async<Response> server_group(const Parts& parts, Request request) {
  const auto snapshot = parts.clouds.snapshot(request.parameter("account"));
  co_return respond(details_json(requested_server_group(*snapshot, request)));
}

Async<Response> load_balancers(const Parts& parts, Request request) {
  const std::string application = base::lower_case(request.parameter("application"));
  json::array list;
  for (const auto& [account, snapshot] : snapshots(parts.clouds)) {
    for (const model::LoadBalancer& load_balancer : snapshot->load_balancers) {
      json::object entry = load_balancer_json(load_balancer, *snapshot);
      const auto& groups = entry["serverGroups"].as_array();
      const bool used = std::any_of(groups.begin(), groups.end(), [&](const json::value& group) {
        const std::string name = base::string_or(group.as_object(), "name", "");
        return base::lower_case(clusters::parse_name(name).app) == application;
      });
      if (used || base::lower_case(load_balancer.moniker.app) == application)
        list.push_back(std::move(entry));
    }
  }
  co_return respond(list);
}

Async<Response> load_balancer(const Parts& parts, Request request) {
  const auto snapshot = parts.clouds.snapshot(request.parameter("account"));
  json::array list;
  const auto* found =
      clusters::find_load_balancer(*snapshot, request.parameter("region"), request.parameter("name"));
  if (found != nullptr) list.push_back(load_balancer_json(*found, *snapshot));
  co_return respond(list);
}

Async<Response> instance(const Parts& parts, Request request) {
  const auto snapshot = parts.clouds.snapshot(request.parameter("account"));
  const InstanceHome home = requested_instance(*snapshot, request);
  co_return respond(instance_json(*home.group, *home.instance));
}

Async<Response> console(const Parts& parts, Request request) {
  const std::string output =
      co_await parts.clouds.console_output(request.parameter("account"), request.parameter("id"));
  co_return respond(json::object{{"output", output}});
}

/// The filters `tag:NAME=VALUE`; an empty value: any.
bool has_wanted_tags(const Request& request, const model::Image& image) {
  constexpr std::string_view prefix = "tag:";
  return std::all_of(request.query.pairs().begin(), request.query.pairs().end(), [&](const auto& filter) {
    if (!filter.first.starts_with(prefix)) return true;
    const auto* tag = image.tags.if_contains(filter.first.substr(prefix.size()));
    return tag != nullptr && (filter.second.empty() || base::plain_text(*tag) == filter.second);
  });
}

Async<Response> images(const Parts& parts, Request request) {
  const std::string wanted_name = base::lower_case(request.query.get_or("q", ""));
  const std::string account_name = request.query.get_or("account", "");
  json::array list;
  for (const auto& [account, snapshot] : snapshots(parts.clouds)) {
    if (!account_name.empty() && account != account_name) continue;
    for (const model::Image& image : snapshot->images) {
      if (base::lower_case(image.name).find(wanted_name) == std::string::npos) continue;
      if (!has_wanted_tags(request, image)) continue;
      list.push_back(json::object{
          {"imageName", image.name},
          {"imageId", image.id},
          {"account", account},
          {"region", image.region},
          {"amis", json::object{{image.region, json::array{image.id}}}},
          {"accounts", json::array{json::value(account)}},
          {"tags", image.tags},
          {"tagsByImageId", json::object{{image.id, image.tags}}},
          {"attributes",
           json::object{{"version", image.version}, {"creationDate", base::to_millis(image.created_time)}}}});
    }
  }
  co_return respond(list);
}

/// A job by its id, or the newest of its name.
Async<Response> job(const Parts& parts, Request request) {
  const auto snapshot = parts.clouds.snapshot(request.parameter("account"));
  const std::string& name = request.parameter("name");
  const model::Job* found = nullptr;
  for (const model::Job& one : snapshot->jobs) {
    if (!clusters::same_name(one.region, request.parameter("region"))) continue;
    if (one.id != name && one.name != name) continue;
    if (found == nullptr || one.id == name || found->created_time < one.created_time) found = &one;
  }
  if (found == nullptr) {
    throw base::Error(base::Kind::not_found,
                      fmt::format("Job not found (account: {}, region: {}, id: {})",
                                  request.parameter("account"), request.parameter("region"), name));
  }
  co_return respond(job_json(*found));
}

}  // namespace

void add_infrastructure(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/applications/{application}/clusters", clusters);
  route(router, parts, "GET", "/applications/{application}/clusters/{account}", clusters_of_account);
  route(router, parts, "GET", "/applications/{application}/serverGroups", server_groups);
  route(router, parts, "GET", "/applications/{application}/serverGroups/{account}/{region}/{name}",
        server_group);
  route(router, parts, "GET", "/applications/{application}/loadBalancers", load_balancers);
  route(router, parts, "GET", "/loadBalancers/{account}/{region}/{name}", load_balancer);
  route(router, parts, "GET", "/instances/{account}/{region}/{id}", instance);
  route(router, parts, "GET", "/instances/{account}/{region}/{id}/console", console);
  route(router, parts, "GET", "/images/find", images);
  route(router, parts, "GET", "/applications/{application}/jobs/{account}/{region}/{name}", job);
}

}  // namespace gennaker::api
