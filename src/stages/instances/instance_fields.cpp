#include "stages/instances/instance_fields.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/nearest_name.h"
#include "stages/fields.h"

namespace gennaker::stages {

using base::Error;
using base::Kind;
using clusters::FieldProblem;

clusters::InstancesRef instances_in(const json::object& context) {
  clusters::InstancesRef ref{.account = account_of(context), .region = "", .ids = {}};
  if (const auto locations = locations_of(context); !locations.empty()) ref.region = locations.front();
  for (std::string& id : base::string_list(context, "instanceIds")) {
    if (std::find(ref.ids.begin(), ref.ids.end(), id) == ref.ids.end()) ref.ids.push_back(std::move(id));
  }
  if (const std::string one = base::string_or(context, "instance", ""); ref.ids.empty() && !one.empty()) {
    ref.ids.push_back(one);
  }
  return ref;
}

std::optional<FieldProblem> instances_problem(const json::object& context) {
  if (auto problem = account_problem(context)) return problem;
  const auto locations = locations_of(context);
  if (locations.size() != 1) return FieldProblem{"region", "the region of the instances is needed"};
  const clusters::InstancesRef ref = instances_in(context);
  if (ref.ids.empty()) return FieldProblem{"instanceIds", "the id of an instance is needed"};
  for (const std::string& id : ref.ids) {
    if (id.find("${") == std::string::npos) continue;
    return FieldProblem{"instanceIds", fmt::format("the expression '{}' has no value", id)};
  }
  return std::nullopt;
}

FoundInstance find_instance(const clusters::Snapshot& snapshot, const std::string& region,
                            const std::string& id) {
  for (const model::ServerGroup& group : snapshot.server_groups) {
    if (!clusters::same_name(group.region, region)) continue;
    for (const model::Instance& instance : group.instances) {
      if (instance.id == id) return {&group, &instance};
    }
  }
  return {};
}

json::object instances_before(const clusters::Snapshot& snapshot, const clusters::InstancesRef& ref) {
  json::object before;
  for (const std::string& id : ref.ids) {
    const FoundInstance found = find_instance(snapshot, ref.region, id);
    if (found.instance == nullptr) {
      std::vector<std::string> known;
      for (const model::ServerGroup& group : snapshot.server_groups) {
        if (!clusters::same_name(group.region, ref.region)) continue;
        for (const model::Instance& instance : group.instances) known.push_back(instance.id);
      }
      throw Error(Kind::not_found,
                  fmt::format("instanceIds: account '{}' has no instance '{}' in '{}'{}", ref.account, id,
                              ref.region, clusters::suggestion(id, known)),
                  {{"account", ref.account}, {"field", "instanceIds"}});
    }
    const auto& launched = found.instance->launch_time;
    before[id] = launched ? base::to_millis(*launched) : 0;
  }
  return before;
}

bool is_the_same(const json::object& before, const model::Instance& instance) {
  const auto known = base::whole_number(before, instance.id);
  return known && (!instance.launch_time || base::to_millis(*instance.launch_time) <= *known);
}

model::Capacity smaller_capacity(const model::ServerGroup& group, int fewer, const json::object& context) {
  model::Capacity capacity = group.capacity;
  capacity.desired = std::max(0, capacity.desired - fewer);
  if (capacity.desired < capacity.min) {
    if (!base::bool_or(context, "adjustMinIfNecessary", false)) {
      throw Error(
          Kind::invalid,
          fmt::format("adjustMinIfNecessary: server group '{}' keeps {} instances at least, {} would be "
                      "left; set it to true to lower that number too",
                      group.name, capacity.min, capacity.desired),
          {{"field", "adjustMinIfNecessary"}});
    }
    capacity.min = capacity.desired;
  }
  if (base::bool_or(context, "setMaxToNewDesired", false)) capacity.max = capacity.desired;
  return capacity;
}

}  // namespace gennaker::stages
