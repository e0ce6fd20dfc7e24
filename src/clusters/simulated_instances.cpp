#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/operations.h"
#include "clusters/simulated_cloud.h"

namespace gennaker::clusters {
namespace {

using model::Instance;
using model::Operation;
using model::ServerGroup;
using Ids = std::vector<std::string>;

bool listed(const Ids& ids, const Instance& instance) {
  return std::find(ids.begin(), ids.end(), instance.id) != ids.end();
}

bool has_any(const ServerGroup& group, const Ids& ids) {
  return std::any_of(group.instances.begin(), group.instances.end(),
                     [&](const Instance& instance) { return listed(ids, instance); });
}

void remove(ServerGroup& group, const Ids& ids) {
  std::erase_if(group.instances, [&](const Instance& instance) { return listed(ids, instance); });
}

json::object answer_of(const Ids& ids) {
  return {{"instanceIds", json::array(ids.begin(), ids.end())}};
}

/// The load balancers that give the instance nothing, although its server group has them.
void note_deregistered(Instance& instance, const ServerGroup& group, const Ids& without) {
  instance.extra["without"] = json::array(without.begin(), without.end());
  const bool any_left = std::any_of(
      group.load_balancers.begin(), group.load_balancers.end(),
      [&](const auto& name) { return std::find(without.begin(), without.end(), name) == without.end(); });
  instance.extra["deregistered"] = !any_left && !without.empty();
}

}  // namespace

/// The server groups of the operation's region that have any of its instances.
void SimulatedCloud::on_instances(const Operation& operation, const Instances& act) {
  const InstancesRef named = instances_of(operation);
  for (std::size_t i = 0; i < state_.server_groups.size(); ++i) {
    const ServerGroup& group = state_.server_groups[i];
    if (group.region != named.region || !has_any(group, named.ids)) continue;
    ServerGroup& changed_group = state_.server_groups.edit(i);
    act(changed_group, named.ids);
    set_health(changed_group);
  }
}

void SimulatedCloud::replace(ServerGroup& group, const Ids& ids) {
  const auto size = static_cast<int>(group.instances.size());
  const auto leaving = static_cast<int>(std::count_if(group.instances.begin(), group.instances.end(),
                                                      [&](const auto& one) { return listed(ids, one); }));
  fill(group, size + leaving);  // first, so that none gets the number of one that goes
  remove(group, ids);
}

json::object SimulatedCloud::terminate(const Operation& operation) {
  on_instances(operation, [this](ServerGroup& group, const Ids& ids) { replace(group, ids); });
  return answer_of(instances_of(operation).ids);
}

json::object SimulatedCloud::terminate_and_decrement(const Operation& operation) {
  ServerGroup& group = edit(operation);
  remove(group, {base::string_or(operation.what, "instance", "")});
  group.capacity = capacity_of(operation.what);
  set_health(group);
  return {{"serverGroupName", group.name}};
}

json::object SimulatedCloud::reboot(const Operation& operation) {
  on_instances(operation, [this](ServerGroup& group, const Ids& ids) {
    for (Instance& instance : group.instances) {
      if (!listed(ids, instance)) continue;
      const auto before = instance.launch_time.value_or(base::TimePoint{});
      instance.launch_time = std::max(clock_.now(), before + std::chrono::milliseconds(1));
      instance.extra.erase("launchedWith");
      instance.extra["healthy_at"] = base::to_millis(clock_.now() + time_to_healthy_);
    }
  });
  return answer_of(instances_of(operation).ids);
}

json::object SimulatedCloud::detach(const Operation& operation) {
  ServerGroup& group = edit(operation);
  const Ids ids = instances_of(operation).ids;
  if (operation.what.contains("capacity")) {
    remove(group, ids);
    group.capacity = capacity_of(operation.what);
  } else {
    replace(group, ids);
  }
  set_health(group);
  return answer_of(ids);
}

json::object SimulatedCloud::register_instances(const Operation& operation) {
  const Ids back = base::string_list(operation.what, "loadBalancerNames");
  on_instances(operation, [&](ServerGroup& group, const Ids& ids) {
    for (Instance& instance : group.instances) {
      if (!listed(ids, instance)) continue;
      Ids without = base::string_list(instance.extra, "without");
      std::erase_if(
          without, [&](const auto& name) { return std::find(back.begin(), back.end(), name) != back.end(); });
      note_deregistered(instance, group, without);
    }
  });
  return answer_of(instances_of(operation).ids);
}

json::object SimulatedCloud::deregister_instances(const Operation& operation) {
  const Ids gone = base::string_list(operation.what, "loadBalancerNames");
  on_instances(operation, [&](ServerGroup& group, const Ids& ids) {
    for (Instance& instance : group.instances) {
      if (!listed(ids, instance)) continue;
      Ids without = base::string_list(instance.extra, "without");
      without.insert(without.end(), gone.begin(), gone.end());
      note_deregistered(instance, group, without);
    }
  });
  return answer_of(instances_of(operation).ids);
}

}  // namespace gennaker::clusters
