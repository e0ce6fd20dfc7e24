#include "providers/docker/group.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "clusters/naming.h"
#include "clusters/operations.h"

namespace gennaker::providers::docker {
namespace {

constexpr std::string_view group_stages[] = {"creating", "active", "destroying", "gone"};
constexpr std::string_view instance_stages[] = {"live", "retiring", "gone"};

// Executions are not resumed after so long, and a label should stay readable.
constexpr std::chrono::hours done_kept{24 * 14};
constexpr std::size_t most_done = 20;

template <class Stage, std::size_t count>
std::string_view name_of(const std::string_view (&names)[count], Stage stage) {
  return names[static_cast<std::size_t>(stage)];
}

template <class Stage, std::size_t count>
Stage stage_of(const std::string_view (&names)[count], const json::object& object) {
  const std::string name = base::string_or(object, "stage", "");
  const auto found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names)) {
    throw base::Error(base::Kind::internal, fmt::format("stage: '{}' is not known", name));
  }
  return static_cast<Stage>(found - std::begin(names));
}

int small_number(const json::object& object, std::string_view key) {
  return static_cast<int>(base::whole_number(object, key).value_or(0));
}

base::TimePoint time_of(const json::object& object, std::string_view key) {
  return base::from_millis(base::whole_number(object, key).value_or(0));
}

json::array to_json(const std::vector<InstanceRecord>& instances) {
  json::array list;
  for (const InstanceRecord& instance : instances) {
    list.push_back(json::object{{"index", instance.index},
                                {"host", instance.host},
                                {"port", instance.port},
                                {"launched", base::to_millis(instance.launched)},
                                {"stage", name_of(instance_stages, instance.stage)},
                                {"leftOut", instance.left_out},
                                {"without", json::array(instance.without.begin(), instance.without.end())}});
  }
  return list;
}

json::array to_json(const std::vector<DoneOperation>& done) {
  json::array list;
  for (const DoneOperation& operation : done) {
    list.push_back(json::object{
        {"key", operation.key}, {"at", base::to_millis(operation.at)}, {"answer", operation.answer}});
  }
  return list;
}

std::vector<json::object> objects_in(const json::object& document, std::string_view key) {
  std::vector<json::object> objects;
  const auto* list = base::find_array(document, key);
  if (list == nullptr) return objects;
  for (const json::value& value : *list) objects.push_back(value.as_object());
  return objects;
}

void read(const json::object& document, Group& group) {
  group.region = base::string_or(document, "region", "");
  group.create_key = base::string_or(document, "createKey", "");
  group.ancestor = base::string_or(document, "ancestor", "");
  group.moniker = clusters::parse_name(group.name);
  group.stage = stage_of<GroupStage>(group_stages, document);
  group.created = time_of(document, "created");
  group.capacity = clusters::capacity_of(document);
  group.disabled = base::bool_or(document, "disabled", false);
  group.image_id = base::string_or(document, "imageId", "");
  group.image_name = base::string_or(document, "imageName", "");
  group.version = base::string_or(document, "version", "");
  group.load_balancers = base::string_list(document, "loadBalancers");
  if (const auto* settings = base::find_object(document, "settings")) group.raw_settings = *settings;
  group.settings = group_settings_of(group.raw_settings);
  for (const json::object& instance : objects_in(document, "instances")) {
    group.instances.push_back({.index = small_number(instance, "index"),
                               .host = base::string_or(instance, "host", ""),
                               .port = small_number(instance, "port"),
                               .launched = time_of(instance, "launched"),
                               .stage = stage_of<InstanceStage>(instance_stages, instance),
                               .left_out = base::bool_or(instance, "leftOut", false),
                               .without = base::string_list(instance, "without")});
  }
  if (const auto* tags = base::find_object(document, "tags")) group.tags = *tags;
  for (const json::object& operation : objects_in(document, "done")) {
    const auto* answer = base::find_object(operation, "answer");
    group.done.push_back({.key = base::string_or(operation, "key", ""),
                          .at = time_of(operation, "at"),
                          .answer = answer != nullptr ? *answer : json::object()});
  }
}

}  // namespace

const InstanceRecord* Group::find(int index) const {
  const auto found = std::find_if(instances.begin(), instances.end(),
                                  [index](const InstanceRecord& one) { return one.index == index; });
  return found == instances.end() ? nullptr : &*found;
}

int Group::live_instances() const {
  return static_cast<int>(std::count_if(instances.begin(), instances.end(), [](const InstanceRecord& one) {
    return one.stage == InstanceStage::live;
  }));
}

const DoneOperation* Group::find_done(const std::string& key) const {
  const auto found =
      std::find_if(done.begin(), done.end(), [&](const DoneOperation& one) { return one.key == key; });
  return found == done.end() ? nullptr : &*found;
}

void Group::note_done(DoneOperation operation) {
  std::erase_if(done, [&](const DoneOperation& one) {
    return one.key == operation.key || operation.at - one.at > done_kept;
  });
  done.push_back(std::move(operation));
  if (done.size() > most_done) done.erase(done.begin());
}

bool is_without(const InstanceRecord& record, const std::string& load_balancer) {
  return std::find(record.without.begin(), record.without.end(), load_balancer) != record.without.end();
}

void leave_out(Group& group, int count) {
  std::sort(group.instances.begin(), group.instances.end(),
            [](const InstanceRecord& a, const InstanceRecord& b) { return a.index < b.index; });
  int chosen = 0;
  for (InstanceRecord& record : group.instances) {
    record.left_out = record.stage == InstanceStage::live && chosen < count;
    if (record.left_out) ++chosen;
  }
}

json::object to_json(const Group& group) {
  return {{"name", group.name},
          {"region", group.region},
          {"createKey", group.create_key},
          {"ancestor", group.ancestor},
          {"stage", name_of(group_stages, group.stage)},
          {"created", base::to_millis(group.created)},
          {"capacity", clusters::capacity_json(group.capacity)},
          {"disabled", group.disabled},
          {"imageId", group.image_id},
          {"imageName", group.image_name},
          {"version", group.version},
          {"loadBalancers", json::array(group.load_balancers.begin(), group.load_balancers.end())},
          {"settings", group.raw_settings},
          {"instances", to_json(group.instances)},
          {"done", to_json(group.done)},
          {"tags", group.tags}};
}

Group group_of(const json::object& document) {
  Group group;
  group.name = base::string_or(document, "name", "");
  try {
    read(document, group);
  } catch (const std::exception& error) {
    throw base::Error(base::Kind::internal, fmt::format("the record of '{}': {}", group.name, error.what()));
  }
  return group;
}

}  // namespace gennaker::providers::docker
