#include "base/json.h"
#include "clusters/health.h"
#include "clusters/inventory.h"
#include "clusters/naming.h"
#include "providers/docker/account.h"
#include "providers/docker/references.h"

/// The part of Account that says what readers see.
namespace gennaker::providers::docker {
namespace {

using model::HealthState;

constexpr std::string_view stage_words[] = {"is being created", "", clusters::being_destroyed, "is gone"};
const std::string health_type = "Docker";

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

std::string fingerprint(const model::Instance& instance) {
  std::string text = fmt::format("{}|{}|{}|{}", instance.id, instance.zone, model::to_string(instance.state),
                                 instance.launch_time ? base::to_millis(*instance.launch_time) : 0);
  for (const model::Health& health : instance.health) {
    text += fmt::format("|{}:{}:{}", health.type, model::to_string(health.state), health.description);
  }
  return text + base::to_text(instance.extra);
}

std::string fingerprint_of(const model::ServerGroup& group) {
  std::string text = fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", group.name, group.region, group.disabled,
                                 base::to_millis(group.created_time), group.capacity.min, group.capacity.max,
                                 group.capacity.desired, fmt::join(group.load_balancers, ","), group.image_id,
                                 group.image_name, group.version);
  text += base::to_text(group.launch_config) + base::to_text(group.tags);
  for (const model::Instance& instance : group.instances) text += "\n" + fingerprint(instance);
  return text;
}

std::string fingerprint_of_balancer(const model::LoadBalancer& balancer) {
  return fmt::format("{}|{}|{}", balancer.name, balancer.region, base::to_text(balancer.extra));
}

std::string fingerprint_of_image(const model::Image& image) {
  return fmt::format("{}|{}|{}|{}|{}", image.id, image.name, image.region, image.version,
                     base::to_millis(image.created_time));
}

std::string fingerprint_of_job(const model::Job& job) {
  return fmt::format("{}|{}|{}|{}", job.id, model::to_string(job.state), job.exit_code.value_or(-1),
                     job.message);
}

std::string why_given_up(const Instance& instance) {
  return fmt::format("{}; started {} times and never healthy", instance.reason(), instance.restarts() + 1);
}

}  // namespace

bool Account::publish() {
  std::map<std::string, model::ServerGroup> groups;
  for (const auto& [name, running] : groups_) {
    const Group& group = running->group;
    // A tombstone, or a name that is being written down.
    if (group.stage == GroupStage::gone || group.revision == 0) continue;
    groups.emplace(name, describe(*running));
  }
  std::map<std::string, model::LoadBalancer> balancers;
  for (const std::string& region : regions()) {
    for (model::LoadBalancer& balancer : load_balancers_.describe()) {
      balancer.region = region;  // one HAProxy reaches the hosts of all
      balancers.emplace(region + "/" + balancer.name, balancer);
    }
  }
  bool changed = published_groups_.update(std::move(groups), fingerprint_of);
  changed = published_balancers_.update(std::move(balancers), fingerprint_of_balancer) || changed;
  changed = published_images_.update(images(), fingerprint_of_image) || changed;
  changed = published_jobs_.update(jobs(), fingerprint_of_job) || changed;
  if (!changed) return false;
  ++revision_;
  revised_.notify();
  return true;
}

/// Those with a tag, once for each tag and region, on whatever host.
std::map<std::string, model::Image> Account::images() const {
  std::map<std::string, model::Image> images;
  for (const auto& [name, host] : hosts_) {
    for (const engine::Image& image : host->images()) {
      for (const std::string& tag : image.tags) {
        auto described = docker::describe_image(image, tag);
        if (!described) continue;
        described->account = account_.name;
        described->region = host->region();
        images.emplace(fmt::format("{}/{}/{}", host->region(), tag, described->id), std::move(*described));
      }
    }
  }
  return images;
}

model::ServerGroup Account::describe(const RunningGroup& running) const {
  const Group& group = running.group;
  model::ServerGroup described{.name = group.name,
                               .account = account_.name,
                               .provider = "docker",
                               .region = group.region,
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
    described.tags["state"] = stage_words[static_cast<std::size_t>(group.stage)];
  }
  for (const InstanceRecord& record : group.instances) {
    if (record.stage != InstanceStage::gone) described.instances.push_back(describe(running, record));
  }
  return described;
}

model::Instance Account::describe(const RunningGroup& running, const InstanceRecord& record) const {
  const Group& group = running.group;
  model::Instance described{
      .id = group.instance_id(record.index), .zone = record.host, .launch_time = record.launched};
  described.extra = {{"port", record.port}, {"host", record.host}};
  const auto found = running.instances.find(record.index);
  if (found == running.instances.end()) {
    const bool renewing = running.renewing.contains(record.index);
    const bool leaving =
        record.stage != InstanceStage::live || (group.stage != GroupStage::creating && !renewing);
    described.state = leaving ? HealthState::out_of_service : HealthState::starting;
    described.health = {{.type = health_type,
                         .state = described.state,
                         .description = leaving ? "is being removed" : "is being started"}};
    return described;
  }
  const Instance& instance = *found->second;
  described.extra["privateIp"] = instance.host().address();
  described.extra["restarts"] = instance.restarts();
  described.health.push_back(platform_health(instance));
  described.health.push_back(traffic_health(running, instance, record));
  described.state = clusters::aggregate(described.health);
  if (instance.hopeless() && !instance.running() && instance.host().reachable()) {
    described.state = described.health.front().state = HealthState::failed;
    described.health.front().description = why_given_up(instance);
  }
  return described;
}

/// That the container runs says nothing about whether it serves.
model::Health Account::platform_health(const Instance& instance) const {
  const bool reachable = instance.host().reachable();
  const bool down = reachable && instance.health() == Instance::Health::down && !instance.running();
  return {.type = health_type,
          .state = down ? HealthState::down : HealthState::unknown,
          .description =
              reachable ? (instance.running() ? "" : instance.reason()) : instance.host().why_unreachable(),
          .platform = true};
}

model::Health Account::traffic_health(const RunningGroup& running, const Instance& instance,
                                      const InstanceRecord& record) const {
  const Group& group = running.group;
  const bool leaving = record.stage != InstanceStage::live;
  const bool renewing = running.renewing.contains(record.index);
  std::vector<std::string> registered = group.load_balancers;
  std::erase_if(registered, [&](const auto& name) { return is_without(record, name); });
  const bool balanced = !group.load_balancers.empty();
  const bool deregistered = balanced && registered.empty();
  model::Health health{.type = balanced ? "LoadBalancer" : "HealthCheck"};
  const std::string server = haproxy::server_name(instance.id());
  if (leaving || renewing || group.disabled || record.left_out || deregistered) {
    health.state = load_balancers_.without_traffic(server);
    health.description = leaving           ? "is being removed"
                         : renewing        ? "is being started anew"
                         : group.disabled  ? "its server group is disabled"
                         : record.left_out ? "a part of its server group gets no traffic"
                                           : "is not registered with its load balancers";
    return health;
  }
  health.state = state_of(instance.health());
  health.description = instance.reason();
  if (!instance.host().reachable()) {
    // It may serve, and then keeps its traffic; but nobody should count on it.
    health.state = instance.in_service() ? HealthState::unknown : HealthState::down;
    health.description = instance.host().why_unreachable();
  }
  if (health.state != HealthState::up) return health;
  load_balancers_.judge(server, registered, health);
  return health;
}

}  // namespace gennaker::providers::docker
