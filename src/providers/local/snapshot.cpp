#include "clusters/inventory.h"
#include "clusters/naming.h"
#include "providers/local/account.h"
#include "providers/local/images.h"

namespace gennaker::providers::local {
namespace {

using model::HealthState;

constexpr std::string_view stage_words[] = {"is being created", "", clusters::being_destroyed};

HealthState state_of(Instance::Health health) {
  switch (health) {
    case Instance::Health::starting:
      return HealthState::starting;
    case Instance::Health::up:
      return HealthState::up;
    case Instance::Health::down:
      return HealthState::down;
  }
  return HealthState::unknown;
}

/// Unknown says nothing; all Up is Up; else the first of these that somebody says.
HealthState aggregate(const std::vector<model::Health>& health) {
  bool any = false, all_up = true;
  for (const model::Health& one : health) {
    if (one.state == HealthState::unknown) continue;
    any = true;
    all_up = all_up && one.state == HealthState::up;
  }
  if (!any) return HealthState::unknown;
  if (all_up) return HealthState::up;
  for (const HealthState state :
       {HealthState::starting, HealthState::down, HealthState::out_of_service, HealthState::draining}) {
    for (const model::Health& one : health) {
      if (one.state == state) return state;
    }
  }
  return HealthState::unknown;
}

std::string why_given_up(const ProcessExit& exit, int restarts) {
  return fmt::format("{}, started {} times and never healthy", describe(exit), restarts + 1);
}

json::object exit_json(const ProcessExit& exit) {
  json::object object{{"at", base::to_millis(exit.at)}};
  if (exit.status) object["status"] = *exit.status;
  if (exit.signal) object["signal"] = *exit.signal;
  return object;
}

}  // namespace

clusters::Snapshot Account::snapshot() const {
  clusters::Snapshot snapshot{.revision = revision_};
  for (const auto& [name, running] : groups_) snapshot.server_groups.push_back(describe(*running));
  for (auto& balancer : load_balancers_.describe()) snapshot.load_balancers.push_back(std::move(balancer));
  for (const auto& [id, image] : images_) snapshot.images.push_back(image);
  for (const auto& [id, job] : jobs_) snapshot.jobs.push_back(job->job);
  return snapshot;
}

model::ServerGroup Account::describe(const RunningGroup& running) const {
  const Group& group = running.group;
  model::ServerGroup described{.name = group.name,
                               .account = account_.name,
                               .provider = "local",
                               .region = "local",
                               .moniker = group.moniker,
                               .disabled = group.disabled,
                               .created_time = group.created,
                               .capacity = group.capacity,
                               .load_balancers = group.load_balancers,
                               .image_id = group.image_id,
                               .image_name = group.image_name,
                               .version = group.version};
  described.launch_config = group.raw_settings;
  described.launch_config["imageId"] = group.image_id;
  described.tags = group.tags;
  if (group.stage != GroupStage::active) {
    described.tags["state"] = stage_words[static_cast<int>(group.stage)];
  }
  for (const InstanceRecord& record : group.instances)
    described.instances.push_back(describe(running, record));
  return described;
}

model::Instance Account::describe(const RunningGroup& running, const InstanceRecord& record) const {
  const Group& group = running.group;
  model::Instance described{
      .id = group.instance_id(record.index), .zone = "local", .launch_time = record.launched};
  described.extra = {{"port", record.port}, {"privateIp", options_.address}};
  const auto found = running.instances.find(record.index);
  if (found == running.instances.end()) {
    described.state = HealthState::starting;
    described.health = {{.type = "Local", .state = HealthState::starting, .description = "is being started"}};
    return described;
  }
  const Instance& instance = *found->second;
  const ShimStatus& process = instance.process();
  const bool runs = process.running || instance.health() == Instance::Health::up;
  // The platform's opinion: that the process runs says nothing about whether it serves.
  const bool starting = instance.health() == Instance::Health::starting && !process.last_exit;
  described.health.push_back({.type = "Local",
                              .state = runs || starting ? HealthState::unknown : HealthState::down,
                              .description = runs ? "" : instance.reason(),
                              .platform = true});
  described.health.push_back(traffic_health(group, instance, record));
  described.state = aggregate(described.health);
  if (instance.hopeless() && process.last_exit) {
    described.state = described.health.front().state = HealthState::failed;
    described.health.front().description = why_given_up(*process.last_exit, process.restarts);
  }
  if (process.running) {
    described.launch_time = process.started_at;
    described.extra["pid"] = process.pid;
  }
  described.extra["restarts"] = process.restarts;
  if (process.last_exit) described.extra["lastExit"] = exit_json(*process.last_exit);
  if (!process.memory_limit.empty()) described.extra["memoryLimit"] = process.memory_limit;
  return described;
}

model::Health Account::traffic_health(const Group& group, const Instance& instance,
                                      const InstanceRecord& record) const {
  const bool balanced = !group.load_balancers.empty();
  std::vector<std::string> registered = group.load_balancers;
  std::erase_if(registered, [&](const auto& name) { return is_without(record, name); });
  const bool deregistered = balanced && registered.empty();
  model::Health health{.type = balanced ? "LoadBalancer" : "HealthCheck"};
  const std::string server = haproxy::server_name(instance.id());
  if (record.retiring || record.renewing || record.left_out || deregistered || group.disabled) {
    health.state = load_balancers_.without_traffic(server);
    health.description = record.retiring   ? "is being removed"
                         : record.renewing ? "is being started anew"
                         : group.disabled  ? "its server group is disabled"
                         : record.left_out ? "a part of its server group gets no traffic"
                                           : "is not registered with its load balancers";
    return health;
  }
  health.state = state_of(instance.health());
  health.description = instance.reason();
  if (health.state != HealthState::up) return health;
  load_balancers_.judge(server, registered, health);
  return health;
}

}  // namespace gennaker::providers::local
