#include <fmt/format.h>

#include "api/infrastructure_json.h"
#include "api/respond.h"
#include "clusters/inventory.h"

/// Firewalls, by both names that clients know: security groups and firewalls.
namespace gennaker::api {
namespace {

json::object summary(const model::Firewall& firewall) {
  json::object entry{{"name", firewall.name},
                     {"id", firewall.id},
                     {"application", firewall.moniker.app},
                     {"moniker", moniker_json(firewall.moniker)}};
  if (!firewall.vpc_id.empty()) entry["vpcId"] = firewall.vpc_id;
  return entry;
}

json::object details(const model::Firewall& firewall) {
  json::object entry = summary(firewall);
  entry["type"] = firewall.provider;
  entry["cloudProvider"] = firewall.provider;
  entry["accountName"] = firewall.account;
  entry["region"] = firewall.region;
  entry["description"] = firewall.description;
  entry["labels"] = json::object{};
  entry["inboundRules"] = firewall.inbound_rules;
  entry["outboundRules"] = json::array{};
  return entry;
}

/// {region: [summary]}; a region that a client may ask for is there even without any.
json::object by_region(const clusters::Snapshot& snapshot) {
  json::object regions;
  for (const model::Firewall& firewall : snapshot.firewalls) {
    auto& list = regions[firewall.region];
    if (!list.is_array()) list = json::array{};
    list.get_array().push_back(summary(firewall));
  }
  return regions;
}

Async<Response> all(const Parts& parts, Request request) {
  const std::string id = request.query.get_or("id", "");
  json::object accounts;
  for (const auto& [account, snapshot] : snapshots(parts.clouds)) {
    for (const model::Firewall& firewall : snapshot->firewalls) {
      if (!id.empty() && firewall.id == id) co_return respond(details(firewall));
    }
    if (snapshot->firewalls.empty()) continue;
    const std::string& provider = parts.clouds.account(account).provider;
    accounts[account] = json::object{{provider, by_region(*snapshot)}};
  }
  if (!id.empty()) {
    throw base::Error(base::Kind::not_found, fmt::format("Security group not found (id: {})", id));
  }
  co_return respond(accounts);
}

Async<Response> of_account(const Parts& parts, Request request) {
  co_return respond(by_region(*parts.clouds.snapshot(request.parameter("account"))));
}

Async<Response> of_region(const Parts& parts, Request request) {
  const auto snapshot = parts.clouds.snapshot(request.parameter("account"));
  json::array list;
  for (const model::Firewall& firewall : snapshot->firewalls) {
    if (clusters::same_name(firewall.region, request.parameter("region"))) list.push_back(summary(firewall));
  }
  co_return respond(list);
}

Async<Response> one(const Parts& parts, Request request) {
  const auto snapshot = parts.clouds.snapshot(request.parameter("account"));
  const std::string vpc = request.query.get_or("vpcId", "*");
  const std::string& name = request.parameter("name");
  for (const model::Firewall& firewall : snapshot->firewalls) {
    if (!clusters::same_name(firewall.region, request.parameter("region"))) continue;
    if (firewall.name != name && firewall.id != name) continue;
    if (vpc == "*" || vpc == firewall.vpc_id) co_return respond(details(firewall));
  }
  throw base::Error(base::Kind::not_found,
                    fmt::format("Security group not found (account: {}, region: {}, name: {})",
                                request.parameter("account"), request.parameter("region"), name));
}

}  // namespace

void add_firewalls(net::Router& router, const Parts& parts) {
  for (const std::string root : {"/securityGroups", "/firewalls"}) {
    route(router, parts, "GET", root, all);
    route(router, parts, "GET", root + "/{account}", of_account);
    route(router, parts, "GET", root + "/{account}/{region}", of_region);
    route(router, parts, "GET", root + "/{account}/{region}/{name}", one);
  }
}

}  // namespace gennaker::api
