#include "rehearsal/preview.h"

#include <map>

#include "base/json.h"
#include "clusters/operations.h"

namespace gennaker::rehearsal {
namespace {

namespace json = boost::json;
using Fields = std::map<std::string, json::value>;

/// Objects by their members, so that one variable of many is seen.
void add_setting(const std::string& name, const json::value& value, Fields& fields) {
  const auto* object = value.if_object();
  if (object == nullptr) {
    fields[name] = value;
    return;
  }
  for (const auto& member : *object)
    add_setting(name + "." + std::string(member.key()), member.value(), fields);
}

void add_settings(const json::object& settings, Fields& fields) {
  for (const auto& setting : settings) {
    if (setting.key() != "imageId") add_setting(std::string(setting.key()), setting.value(), fields);
  }
}

void add_capacity(const model::Capacity& capacity, Fields& fields) {
  fields["capacity.min"] = capacity.min;
  fields["capacity.desired"] = capacity.desired;
  fields["capacity.max"] = capacity.max;
}

json::array list_of(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return json::array(names.begin(), names.end());
}

Fields fields_of(const model::ServerGroup& group) {
  Fields fields;
  add_settings(group.launch_config, fields);
  add_capacity(group.capacity, fields);
  fields["loadBalancers"] = list_of(group.load_balancers);
  return fields;
}

Fields fields_after(const model::Operation& operation, const Fields& before,
                    const model::ServerGroup* changed) {
  Fields fields;
  if (operation.kind == clusters::create_server_group_kind) {
    const auto spec = clusters::server_group_spec_of(operation);
    add_settings(spec.settings, fields);
    add_capacity(spec.capacity, fields);
    fields["loadBalancers"] = list_of(spec.load_balancers);
    return fields;
  }
  const json::object now = changed != nullptr ? changed->launch_config : json::object{};
  add_settings(clusters::changed_settings(now, clusters::launch_change_of(operation)), fields);
  for (const std::string kept : {"capacity.min", "capacity.desired", "capacity.max", "loadBalancers"}) {
    if (const auto found = before.find(kept); found != before.end()) fields[kept] = found->second;
  }
  return fields;
}

json::array differences(const Fields& before, const Fields& after) {
  json::array changes;
  Fields all = before;
  all.insert(after.begin(), after.end());
  for (const auto& [field, ignored] : all) {
    const auto from = before.find(field), to = after.find(field);
    if (from != before.end() && to != after.end() && from->second == to->second) continue;
    json::object change{{"field", field}};
    if (from != before.end()) change["from"] = from->second;
    if (to != after.end()) change["to"] = to->second;
    changes.push_back(std::move(change));
  }
  return changes;
}

/// With the name that people know it by, where that is known.
std::string shown_image(const model::ServerGroup& group) {
  if (group.image_name.empty()) return group.image_id;
  return group.image_name + (group.version.empty() ? "" : " " + group.version) + " (" + group.image_id + ")";
}

}  // namespace

bool has_preview(const model::Operation& operation) {
  return operation.kind == clusters::create_server_group_kind ||
         operation.kind == clusters::update_launch_kind;
}

json::object preview_of(const model::Operation& operation, const model::ServerGroup* before) {
  const Fields was = before != nullptr ? fields_of(*before) : Fields{};
  json::array changes = differences(was, fields_after(operation, was, before));
  const std::string image = base::string_or(operation.what, "imageId", "");
  if (!image.empty() && (before == nullptr || before->image_id != image)) {
    json::object change{{"field", "image"}};
    if (before != nullptr) change["from"] = shown_image(*before);
    change["to"] = image;
    changes.insert(changes.begin(), std::move(change));
  }
  json::object preview;
  if (before != nullptr) preview["against"] = before->name;
  preview["changes"] = std::move(changes);
  return preview;
}

}  // namespace gennaker::rehearsal
