#include "api/infrastructure_json.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "clusters/inventory.h"
#include "clusters/operations.h"

namespace gennaker::api {
namespace {

using model::HealthState;

json::array names(const std::vector<std::string>& list) {
  return json::array(list.begin(), list.end());
}

json::object counts_json(const model::ServerGroup& group) {
  const auto count = [&](HealthState state) {
    return std::count_if(group.instances.begin(), group.instances.end(),
                         [&](const model::Instance& instance) { return instance.state == state; });
  };
  return {{"total", group.instances.size()},          {"up", count(HealthState::up)},
          {"down", count(HealthState::down)},         {"unknown", count(HealthState::unknown)},
          {"starting", count(HealthState::starting)}, {"outOfService", count(HealthState::out_of_service)}};
}

json::array health_json(const model::Instance& instance) {
  json::array list;
  for (const model::Health& health : instance.health) {
    json::object entry{{"type", health.type}, {"state", model::to_string(health.state)}};
    if (!health.description.empty()) entry["description"] = health.description;
    if (health.platform) entry["healthClass"] = "platform";
    list.push_back(std::move(entry));
  }
  return list;
}

json::object compact_instance(const model::Instance& instance) {
  json::object entry{{"id", instance.id},
                     {"name", instance.id},
                     {"health", health_json(instance)},
                     {"healthState", model::to_string(instance.state)},
                     {"availabilityZone", instance.zone}};
  if (instance.launch_time) entry["launchTime"] = base::to_millis(*instance.launch_time);
  return entry;
}

/// What both views of a server group show; they differ in how much they say of an instance.
json::object group_json(const model::ServerGroup& group, json::array instances) {
  return {{"name", group.name},
          {"account", group.account},
          {"region", group.region},
          {"cluster", group.moniker.cluster},
          {"application", group.moniker.app},
          {"type", group.provider},
          {"cloudProvider", group.provider},
          {"isDisabled", group.disabled},
          {"createdTime", base::to_millis(group.created_time)},
          {"capacity", clusters::capacity_json(group.capacity)},
          {"instanceCounts", counts_json(group)},
          {"instances", std::move(instances)},
          {"loadBalancers", names(group.load_balancers)},
          {"securityGroups", json::array{}},
          {"serverGroupManagers", json::array{}},
          {"moniker", moniker_json(group.moniker)},
          {"tags", group.tags},
          {"labels", json::object{}},
          {"buildInfo", json::object{{"version", group.version}, {"images", json::array{group.image_name}}}},
          {"providerMetadata", json::object{{"version", group.version}}}};
}

}  // namespace

Snapshots snapshots(const clusters::Clouds& clouds) {
  Snapshots all;
  for (const model::Account& account : clouds.accounts()) {
    try {
      all.emplace(account.name, clouds.snapshot(account.name));
    } catch (const base::Error&) {
      // Not read yet: the views show the others meanwhile.
    }
  }
  return all;
}

json::object moniker_json(const model::Moniker& moniker) {
  json::object entry{{"app", moniker.app}, {"cluster", moniker.cluster}};
  if (!moniker.stack.empty()) entry["stack"] = moniker.stack;
  if (!moniker.detail.empty()) entry["detail"] = moniker.detail;
  if (moniker.sequence) entry["sequence"] = *moniker.sequence;
  return entry;
}

json::object clusters_json(const clusters::Clouds& clouds, const std::string& application) {
  json::object by_account;
  for (const auto& [account, snapshot] : snapshots(clouds)) {
    json::array list;
    for (const clusters::Cluster& cluster : clusters::clusters_of_application(*snapshot, application)) {
      std::set<std::string> load_balancers;
      json::array groups;
      for (const model::ServerGroup* group : cluster.server_groups) {
        groups.push_back(json::value(group->name));
        load_balancers.insert(group->load_balancers.begin(), group->load_balancers.end());
      }
      list.push_back(
          json::object{{"name", cluster.name},
                       {"provider", cluster.provider},
                       {"loadBalancers", json::array(load_balancers.begin(), load_balancers.end())},
                       {"serverGroups", std::move(groups)}});
    }
    if (!list.empty()) by_account[account] = std::move(list);
  }
  return by_account;
}

json::object summary_json(const model::ServerGroup& group) {
  json::array instances;
  instances.reserve(group.instances.size());
  for (const model::Instance& instance : group.instances) instances.push_back(compact_instance(instance));
  return group_json(group, std::move(instances));
}

json::object details_json(const model::ServerGroup& group) {
  json::array instances;
  instances.reserve(group.instances.size());
  for (const model::Instance& instance : group.instances) instances.push_back(instance_json(group, instance));
  json::object details = group_json(group, std::move(instances));
  details["disabled"] = group.disabled;
  details["launchConfig"] = group.launch_config;
  details["zones"] = json::array{group.region};
  details["image"] = json::object{{"imageId", group.image_id}, {"name", group.image_name}};
  details["insightActions"] = json::array{};
  return details;
}

json::object instance_json(const model::ServerGroup& group, const model::Instance& instance) {
  json::object entry = compact_instance(instance);
  entry["humanReadableName"] = instance.id;
  entry["account"] = group.account;
  entry["cloudProvider"] = group.provider;
  entry["providerType"] = group.provider;
  entry["region"] = group.region;
  entry["zone"] = instance.zone;
  entry["serverGroup"] = group.name;
  entry["moniker"] = moniker_json(group.moniker);
  entry["labels"] = json::object{};
  for (const auto& member : instance.extra) entry.insert_or_assign(member.key(), member.value());
  return entry;
}

json::object load_balancer_json(const model::LoadBalancer& load_balancer,
                                const clusters::Snapshot& snapshot) {
  json::array groups;
  for (const model::ServerGroup& group : snapshot.server_groups) {
    const auto& used = group.load_balancers;
    if (std::find(used.begin(), used.end(), load_balancer.name) == used.end()) continue;
    json::array instances;
    for (const model::Instance& instance : group.instances) {
      instances.push_back(
          json::object{{"id", instance.id},
                       {"name", instance.id},
                       {"zone", instance.zone},
                       {"health", json::object{{"state", model::to_string(instance.state)}}}});
    }
    groups.push_back(json::object{{"name", group.name},
                                  {"account", group.account},
                                  {"region", group.region},
                                  {"cloudProvider", group.provider},
                                  {"isDisabled", group.disabled},
                                  {"detachedInstances", json::array{}},
                                  {"instances", std::move(instances)}});
  }
  json::object entry{{"name", load_balancer.name},       {"account", load_balancer.account},
                     {"region", load_balancer.region},   {"cloudProvider", load_balancer.provider},
                     {"type", load_balancer.provider},   {"moniker", moniker_json(load_balancer.moniker)},
                     {"serverGroups", std::move(groups)}};
  for (const auto& member : load_balancer.extra) entry.insert_or_assign(member.key(), member.value());
  return entry;
}

json::object job_json(const model::Job& job) {
  json::object entry{{"id", job.id},
                     {"name", job.name},
                     {"account", job.account},
                     {"location", job.region},
                     {"region", job.region},
                     {"provider", job.provider},
                     {"application", job.moniker.app},
                     {"jobState", model::to_string(job.state)},
                     {"createdTime", base::to_millis(job.created_time)}};
  json::object details;
  if (job.completed_time) entry["completedTime"] = base::to_millis(*job.completed_time);
  if (job.exit_code) details["exitCode"] = *job.exit_code;
  if (!job.message.empty()) details["message"] = job.message;
  entry["completionDetails"] = std::move(details);
  return entry;
}

}  // namespace gennaker::api
