#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/inventory.h"
#include "clusters/operations.h"
#include "clusters/simulated_cloud.h"
#include "clusters/tags.h"

namespace gennaker::clusters {
namespace {

using base::Error;
using base::Kind;
using model::Operation;
using model::ServerGroup;

bool uses_firewall(const ServerGroup& group, const model::Firewall& firewall) {
  const auto used = base::string_list(group.launch_config, "securityGroups");
  return group.region == firewall.region &&
         std::any_of(used.begin(), used.end(),
                     [&](const std::string& name) { return name == firewall.name || name == firewall.id; });
}

bool same_firewall(const model::Firewall& a, const model::Firewall& b) {
  return a.name == b.name && a.region == b.region && a.vpc_id == b.vpc_id;
}

}  // namespace

json::object SimulatedCloud::set_processes(const Operation& operation) {
  ServerGroup& group = edit(operation);
  const bool suspend = base::string_or(operation.what, "action", "") == "suspend";
  for (const std::string& name : base::string_list(operation.what, "processes")) {
    std::erase(group.suspended_processes, name);
    if (suspend) group.suspended_processes.push_back(name);
  }
  set_health(group);
  return {{"serverGroupName", group.name}};
}

json::object SimulatedCloud::tag_group(const Operation& operation) {
  ServerGroup& group = edit(operation);
  set_tags(group.tags, operation);
  set_health(group);
  return {{"serverGroupName", group.name}};
}

json::object SimulatedCloud::tag_image(const Operation& operation) {
  const ImageRef named = image_of(operation);
  for (std::size_t i = 0; i < state_.images.size(); ++i) {
    if (state_.images[i].id != named.id || state_.images[i].region != named.region) continue;
    set_tags(state_.images.edit(i).tags, operation);
    return {{"imageId", named.id}};
  }
  throw Error(Kind::not_found, fmt::format("imageId: account '{}' has no image '{}' in '{}'", account_.name,
                                           named.id, named.region));
}

json::object SimulatedCloud::delete_image(const Operation& operation) {
  const ImageRef named = image_of(operation);
  for (const ServerGroup& group : state_.server_groups) {
    if (group.region != named.region || group.image_id != named.id) continue;
    throw Error(Kind::conflict, fmt::format("image '{}' is used by server group '{}'", named.id, group.name));
  }
  state_.images.remove_if(
      [&](const model::Image& image) { return image.id == named.id && image.region == named.region; });
  return {{"imageId", named.id}};
}

json::object SimulatedCloud::upsert_firewall(const Operation& operation) {
  model::Firewall firewall = firewall_of(operation);
  firewall.provider = account_.provider;
  firewall.id = fmt::format("fw-{}-{}{}", firewall.region, firewall.name, firewall.vpc_id);
  json::object answer{{"id", firewall.id}, {"name", firewall.name}, {"region", firewall.region}};
  state_.firewalls.remove_if([&](const model::Firewall& other) { return same_firewall(other, firewall); });
  state_.firewalls.push_back(std::move(firewall));
  return answer;
}

json::object SimulatedCloud::delete_firewall(const Operation& operation) {
  const model::Firewall named = firewall_of(operation);
  for (const model::Firewall& firewall : state_.firewalls) {
    if (!same_firewall(firewall, named)) continue;
    for (const ServerGroup& group : state_.server_groups) {
      if (!uses_firewall(group, firewall)) continue;
      throw Error(Kind::conflict,
                  fmt::format("firewall '{}' is used by server group '{}'", firewall.name, group.name));
    }
  }
  state_.firewalls.remove_if([&](const model::Firewall& other) { return same_firewall(other, named); });
  return {};
}

}  // namespace gennaker::clusters
