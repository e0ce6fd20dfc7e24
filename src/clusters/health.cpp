#include "clusters/health.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"

namespace gennaker::clusters {
namespace {

using model::Health;
using model::HealthState;
using model::Instance;
using model::ServerGroup;

std::vector<Health> counting(const Instance& instance, const HealthNames& names) {
  if (!names) return instance.health;
  std::vector<Health> filtered;
  for (const Health& health : instance.health) {
    if (std::find(names->begin(), names->end(), health.type) != names->end()) filtered.push_back(health);
  }
  return filtered;
}

bool any(const std::vector<Health>& health, std::initializer_list<HealthState> states) {
  return std::any_of(health.begin(), health.end(), [&](const Health& one) {
    return std::find(states.begin(), states.end(), one.state) != states.end();
  });
}

/// The opinion that explains the state best: the worst one with a reason.
std::string reason(const Instance& instance) {
  for (const Health& health : instance.health) {
    if (health.state != HealthState::up && !health.description.empty()) return health.description;
  }
  return "";
}

constexpr std::size_t most_described = 5;

std::string describe(const std::vector<const Instance*>& instances) {
  std::string text;
  for (std::size_t i = 0; i < std::min(instances.size(), most_described); ++i) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {}", instances[i]->id, model::to_string(instances[i]->state));
    const std::string why = reason(*instances[i]);
    if (!why.empty()) text += fmt::format(" ({})", why);
  }
  if (instances.size() > most_described)
    text += fmt::format(", and {} more", instances.size() - most_described);
  return text;
}

}  // namespace

HealthState aggregate(const std::vector<Health>& health) {
  std::vector<Health> known;
  for (const Health& one : health) {
    if (one.state != HealthState::unknown) known.push_back(one);
  }
  if (known.empty()) return HealthState::unknown;
  for (const HealthState state : {HealthState::failed, HealthState::starting, HealthState::down,
                                  HealthState::out_of_service, HealthState::draining}) {
    if (any(known, {state})) return state;
  }
  const bool all_up =
      std::all_of(known.begin(), known.end(), [](const Health& one) { return one.state == HealthState::up; });
  return all_up ? HealthState::up : HealthState::unknown;
}

bool is_up(const Instance& instance, const HealthNames& names) {
  if (names && names->empty()) return true;
  const auto health = counting(instance, names);
  const bool platform_counts = names && std::any_of(health.begin(), health.end(), [](const Health& one) {
                                 return one.platform && one.state != HealthState::down;
                               });
  const bool in_favour = any(health, {HealthState::up}) || platform_counts;
  return in_favour && !any(health, {HealthState::down, HealthState::out_of_service, HealthState::starting,
                                    HealthState::draining, HealthState::failed});
}

bool is_down(const Instance& instance, const HealthNames& names) {
  if (names && names->empty()) return true;
  const auto health = counting(instance, names);
  if (is_up(instance, names)) return false;
  if (health.size() == 1 && health[0].platform && health[0].state == HealthState::unknown) return true;
  const bool against = health.empty() || any(health, {HealthState::down, HealthState::out_of_service,
                                                      HealthState::starting, HealthState::failed});
  return against && !any(health, {HealthState::up, HealthState::draining});
}

bool is_lost(const Instance& instance) {
  return instance.state == HealthState::failed || any(instance.health, {HealthState::failed});
}

bool speaks_of_traffic(const Health& health) {
  return health.type == "LoadBalancer" || health.type == "TargetGroup" || health.type == "Discovery";
}

bool is_without_traffic(const ServerGroup& group, const Instance& instance, const HealthNames& names) {
  if (is_down(instance, names)) return true;
  if (!group.disabled) return false;
  const bool out = std::all_of(instance.health.begin(), instance.health.end(), [](const Health& health) {
    return !speaks_of_traffic(health) ||
           (health.state != HealthState::up && health.state != HealthState::draining);
  });
  return out;
}

InstanceCounts count_instances(const ServerGroup& group) {
  InstanceCounts counts;
  for (const Instance& instance : group.instances) {
    ++counts.total;
    switch (instance.state) {
      case HealthState::up:
        ++counts.up;
        break;
      case HealthState::down:
        ++counts.down;
        break;
      case HealthState::out_of_service:
      case HealthState::draining:
        ++counts.out_of_service;
        break;
      case HealthState::starting:
        ++counts.starting;
        break;
      case HealthState::succeeded:
        ++counts.succeeded;
        break;
      case HealthState::failed:
        ++counts.failed;
        break;
      case HealthState::unknown:
        ++counts.unknown;
        break;
    }
  }
  return counts;
}

int count_up(const ServerGroup& group, const HealthNames& names) {
  return static_cast<int>(std::count_if(group.instances.begin(), group.instances.end(),
                                        [&](const Instance& instance) { return is_up(instance, names); }));
}

bool is_active(const ServerGroup& group) {
  if (!group.disabled) return true;
  return std::any_of(group.instances.begin(), group.instances.end(), [&](const Instance& instance) {
    return instance.state == HealthState::up && !is_without_traffic(group, instance);
  });
}

std::string describe_instances(const ServerGroup& group) {
  if (group.instances.empty()) return "no instances";
  std::vector<const Instance*> instances;
  for (const Instance& instance : group.instances) instances.push_back(&instance);
  std::stable_partition(instances.begin(), instances.end(),
                        [](const Instance* instance) { return instance->state != HealthState::up; });
  return describe(instances);
}

std::string describe_unhealthy(const ServerGroup& group) {
  std::vector<const Instance*> instances;
  for (const Instance& instance : group.instances) {
    if (instance.state != HealthState::up && !reason(instance).empty()) instances.push_back(&instance);
  }
  return describe(instances);
}

}  // namespace gennaker::clusters
