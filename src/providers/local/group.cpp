#include "providers/local/group.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "clusters/naming.h"
#include "clusters/operations.h"

namespace gennaker::providers::local {
namespace {

constexpr std::string_view stage_names[] = {"creating", "active", "destroying"};

int small_number(const json::object& object, std::string_view key) {
  return static_cast<int>(base::whole_number(object, key).value_or(0));
}

base::TimePoint time_of(const json::object& object, std::string_view key) {
  return base::from_millis(base::whole_number(object, key).value_or(0));
}

GroupStage stage_of(const std::string& name) {
  const auto found = std::find(std::begin(stage_names), std::end(stage_names), name);
  return found == std::end(stage_names) ? GroupStage::active
                                        : static_cast<GroupStage>(found - std::begin(stage_names));
}

}  // namespace

bool is_without(const InstanceRecord& record, const std::string& load_balancer) {
  return std::find(record.without.begin(), record.without.end(), load_balancer) != record.without.end();
}

void expect_active(const Group& group) {
  if (group.stage == GroupStage::active) return;
  throw base::Error(base::Kind::conflict,
                    fmt::format("server group '{}' is being created or destroyed", group.name));
}

std::vector<int> leave_out(Group& group, int count) {
  std::sort(group.instances.begin(), group.instances.end(),
            [](const InstanceRecord& a, const InstanceRecord& b) { return a.index < b.index; });
  std::vector<int> chosen;
  for (InstanceRecord& record : group.instances) {
    record.left_out = !record.retiring && static_cast<int>(chosen.size()) < count;
    if (record.left_out) chosen.push_back(record.index);
  }
  return chosen;
}

json::object to_json(const Group& group) {
  json::array instances;
  for (const InstanceRecord& instance : group.instances) {
    instances.push_back(
        json::object{{"index", instance.index},
                     {"port", instance.port},
                     {"launched", base::to_millis(instance.launched)},
                     {"retiring", instance.retiring},
                     {"leftOut", instance.left_out},
                     {"without", json::array(instance.without.begin(), instance.without.end())}});
  }
  return {{"name", group.name},
          {"createKey", group.create_key},
          {"ancestor", group.ancestor},
          {"state", stage_names[static_cast<int>(group.stage)]},
          {"created", base::to_millis(group.created)},
          {"capacity", clusters::capacity_json(group.capacity)},
          {"disabled", group.disabled},
          {"imageId", group.image_id},
          {"imageName", group.image_name},
          {"version", group.version},
          {"loadBalancers", json::array(group.load_balancers.begin(), group.load_balancers.end())},
          {"settings", group.raw_settings},
          {"tags", group.tags},
          {"done", json::array(group.done.begin(), group.done.end())},
          {"instances", std::move(instances)}};
}

Group group_of(const json::object& document) {
  Group group;
  group.name = base::string_or(document, "name", "");
  try {
    group.create_key = base::string_or(document, "createKey", "");
    group.ancestor = base::string_or(document, "ancestor", "");
    group.moniker = clusters::parse_name(group.name);
    group.stage = stage_of(base::string_or(document, "state", ""));
    group.created = time_of(document, "created");
    group.capacity = clusters::capacity_of(document);
    group.disabled = base::bool_or(document, "disabled", false);
    group.image_id = base::string_or(document, "imageId", "");
    group.image_name = base::string_or(document, "imageName", "");
    group.version = base::string_or(document, "version", "");
    group.load_balancers = base::string_list(document, "loadBalancers");
    if (const auto* settings = base::find_object(document, "settings")) group.raw_settings = *settings;
    group.settings = group_settings_of(group.raw_settings);
    if (const auto* tags = base::find_object(document, "tags")) group.tags = *tags;
    group.done = base::string_list(document, "done");
    const auto* instances = base::find_array(document, "instances");
    for (const json::value& value : instances != nullptr ? *instances : json::array()) {
      const json::object& instance = value.as_object();
      group.instances.push_back({.index = small_number(instance, "index"),
                                 .port = small_number(instance, "port"),
                                 .launched = time_of(instance, "launched"),
                                 .retiring = base::bool_or(instance, "retiring", false),
                                 .left_out = base::bool_or(instance, "leftOut", false),
                                 .without = base::string_list(instance, "without")});
    }
  } catch (const std::exception& error) {
    throw base::Error(base::Kind::internal, fmt::format("group.json of '{}': {}", group.name, error.what()));
  }
  return group;
}

}  // namespace gennaker::providers::local
