#include "clusters/operations.h"

#include <algorithm>
#include <limits>

#include "base/json.h"
#include "clusters/naming.h"

namespace gennaker::clusters {
namespace {

json::object group_json(const ServerGroupRef& group) {
  return {{"serverGroupName", group.name}, {"region", group.region}};
}

json::object instances_json(const InstancesRef& instances) {
  return {{"region", instances.region},
          {"instanceIds", json::array(instances.ids.begin(), instances.ids.end())}};
}

model::Operation operation(std::string_view kind, std::string key, const std::string& account,
                           json::object what) {
  return {.kind = std::string(kind), .key = std::move(key), .account = account, .what = std::move(what)};
}

}  // namespace

model::Operation create_server_group(std::string key, const ServerGroupSpec& spec) {
  json::object what;
  what["application"] = spec.moniker.app;
  what["stack"] = spec.moniker.stack;
  what["freeFormDetails"] = spec.moniker.detail;
  what["region"] = spec.region;
  what["imageId"] = spec.image_id;
  what["capacity"] = capacity_json(spec.capacity);
  what["loadBalancers"] = json::array(spec.load_balancers.begin(), spec.load_balancers.end());
  what["startDisabled"] = spec.start_disabled;
  what["settings"] = spec.settings;
  return operation(create_server_group_kind, std::move(key), spec.account, std::move(what));
}

ServerGroupSpec server_group_spec_of(const model::Operation& operation) {
  const json::object& what = operation.what;
  ServerGroupSpec spec;
  spec.account = operation.account;
  spec.region = base::string_or(what, "region", "");
  spec.moniker.app = base::string_or(what, "application", "");
  spec.moniker.stack = base::string_or(what, "stack", "");
  spec.moniker.detail = base::string_or(what, "freeFormDetails", "");
  spec.moniker.cluster = cluster_name(spec.moniker);
  spec.image_id = base::string_or(what, "imageId", "");
  spec.capacity = capacity_of(what);
  spec.load_balancers = base::string_list(what, "loadBalancers");
  spec.start_disabled = base::bool_or(what, "startDisabled", false);
  if (const auto* settings = base::find_object(what, "settings")) spec.settings = *settings;
  return spec;
}

model::Operation resize_server_group(std::string key, const ServerGroupRef& group,
                                     const model::Capacity& capacity) {
  json::object what = group_json(group);
  what["capacity"] = capacity_json(capacity);
  return operation(resize_server_group_kind, std::move(key), group.account, std::move(what));
}

model::Operation enable_server_group(std::string key, const ServerGroupRef& group, int percentage) {
  json::object what = group_json(group);
  what["desiredPercentage"] = percentage;
  return operation(enable_server_group_kind, std::move(key), group.account, std::move(what));
}

model::Operation disable_server_group(std::string key, const ServerGroupRef& group,
                                      std::chrono::milliseconds drain_timeout, int percentage) {
  json::object what = group_json(group);
  what["drainTimeoutMs"] = drain_timeout.count();
  what["desiredPercentage"] = percentage;
  return operation(disable_server_group_kind, std::move(key), group.account, std::move(what));
}

int percentage_of(const model::Operation& operation) {
  const auto given = base::whole_number(operation.what, "desiredPercentage");
  return given ? static_cast<int>(std::clamp<std::int64_t>(*given, 1, 100)) : 100;
}

int share_of(int percentage, std::size_t instances) {
  return static_cast<int>((static_cast<std::int64_t>(instances) * percentage + 99) / 100);
}

int left_out(const model::Operation& operation, std::size_t instances) {
  const int percentage = percentage_of(operation);
  if (percentage == 100) return 0;
  const int share = share_of(percentage, instances);
  return operation.kind == disable_server_group_kind ? share : static_cast<int>(instances) - share;
}

model::Operation destroy_server_group(std::string key, const ServerGroupRef& group) {
  return operation(destroy_server_group_kind, std::move(key), group.account, group_json(group));
}

model::Operation update_launch(std::string key, const ServerGroupRef& group, const LaunchChange& change) {
  json::object what = group_json(group);
  if (!change.image_id.empty()) what["imageId"] = change.image_id;
  what["settings"] = change.settings;
  what["replacesSettings"] = change.replaces;
  return operation(update_launch_kind, std::move(key), group.account, std::move(what));
}

LaunchChange launch_change_of(const model::Operation& operation) {
  LaunchChange change;
  change.image_id = base::string_or(operation.what, "imageId", "");
  if (const auto* settings = base::find_object(operation.what, "settings")) change.settings = *settings;
  change.replaces = base::bool_or(operation.what, "replacesSettings", false);
  return change;
}

json::object changed_settings(const json::object& settings, const LaunchChange& change) {
  json::object result = change.replaces ? json::object{} : settings;
  for (const auto& setting : change.settings) {
    if (setting.value().is_null()) {
      result.erase(setting.key());
    } else {
      result[setting.key()] = setting.value();
    }
  }
  return result;
}

ServerGroupRef server_group_of(const model::Operation& operation) {
  return {.account = operation.account,
          .region = base::string_or(operation.what, "region", ""),
          .name = base::string_or(operation.what, "serverGroupName", "")};
}

json::object capacity_json(const model::Capacity& capacity) {
  return {{"min", capacity.min}, {"max", capacity.max}, {"desired", capacity.desired}};
}

model::Capacity capacity_of(const json::object& what) {
  model::Capacity capacity;
  if (const auto* given = base::find_object(what, "capacity")) {
    // What is too large stays so: whoever checks bounds must see it.
    const auto size = [given](std::string_view field) {
      using Limits = std::numeric_limits<int>;
      const std::int64_t number = base::whole_number(*given, field).value_or(0);
      return static_cast<int>(std::clamp<std::int64_t>(number, Limits::min(), Limits::max()));
    };
    capacity.min = size("min");
    capacity.max = size("max");
    capacity.desired = size("desired");
  }
  return capacity;
}

model::Operation upsert_load_balancer(std::string key, const std::string& account, const std::string& region,
                                      const std::string& name, json::object settings) {
  return operation(upsert_load_balancer_kind, std::move(key), account,
                   {{"name", name}, {"region", region}, {"settings", std::move(settings)}});
}

model::Operation delete_load_balancer(std::string key, const std::string& account, const std::string& region,
                                      const std::string& name) {
  return operation(delete_load_balancer_kind, std::move(key), account, {{"name", name}, {"region", region}});
}

InstancesRef instances_of(const model::Operation& operation) {
  return {.account = operation.account,
          .region = base::string_or(operation.what, "region", ""),
          .ids = base::string_list(operation.what, "instanceIds")};
}

model::Operation terminate_instances(std::string key, const InstancesRef& instances) {
  return operation(terminate_instances_kind, std::move(key), instances.account, instances_json(instances));
}

model::Operation terminate_and_decrement(std::string key, const ServerGroupRef& group,
                                         const std::string& instance, const model::Capacity& capacity) {
  json::object what = group_json(group);
  what["instance"] = instance;
  what["capacity"] = capacity_json(capacity);
  return operation(terminate_and_decrement_kind, std::move(key), group.account, std::move(what));
}

model::Operation reboot_instances(std::string key, const InstancesRef& instances) {
  return operation(reboot_instances_kind, std::move(key), instances.account, instances_json(instances));
}

model::Operation detach_instances(std::string key, const Detachment& detachment) {
  json::object what = group_json(detachment.group);
  what["instanceIds"] = json::array(detachment.ids.begin(), detachment.ids.end());
  what["terminateDetachedInstances"] = detachment.terminate;
  if (detachment.capacity) what["capacity"] = capacity_json(*detachment.capacity);
  return operation(detach_instances_kind, std::move(key), detachment.group.account, std::move(what));
}

model::Operation register_instances(std::string key, const InstancesRef& instances,
                                    const std::vector<std::string>& load_balancers) {
  json::object what = instances_json(instances);
  what["loadBalancerNames"] = json::array(load_balancers.begin(), load_balancers.end());
  return operation(register_instances_kind, std::move(key), instances.account, std::move(what));
}

model::Operation deregister_instances(std::string key, const InstancesRef& instances,
                                      const std::vector<std::string>& load_balancers) {
  json::object what = instances_json(instances);
  what["loadBalancerNames"] = json::array(load_balancers.begin(), load_balancers.end());
  return operation(deregister_instances_kind, std::move(key), instances.account, std::move(what));
}

model::Operation set_scaling_processes(std::string key, const ServerGroupRef& group, ProcessAction action,
                                       const std::vector<std::string>& processes) {
  json::object what = group_json(group);
  what["action"] = action == ProcessAction::suspend ? "suspend" : "resume";
  what["processes"] = json::array(processes.begin(), processes.end());
  return operation(set_scaling_processes_kind, std::move(key), group.account, std::move(what));
}

model::Operation tag_server_group(std::string key, const ServerGroupRef& group, json::object tags) {
  json::object what = group_json(group);
  what["tags"] = std::move(tags);
  return operation(tag_server_group_kind, std::move(key), group.account, std::move(what));
}

ImageRef image_of(const model::Operation& operation) {
  return {.account = operation.account,
          .region = base::string_or(operation.what, "region", ""),
          .id = base::string_or(operation.what, "imageId", "")};
}

model::Operation tag_image(std::string key, const ImageRef& image, json::object tags) {
  return operation(tag_image_kind, std::move(key), image.account,
                   {{"imageId", image.id}, {"region", image.region}, {"tags", std::move(tags)}});
}

model::Operation delete_image(std::string key, const ImageRef& image) {
  return operation(delete_image_kind, std::move(key), image.account,
                   {{"imageId", image.id}, {"region", image.region}});
}

model::Operation upsert_firewall(std::string key, const model::Firewall& firewall) {
  return operation(upsert_firewall_kind, std::move(key), firewall.account,
                   {{"name", firewall.name},
                    {"region", firewall.region},
                    {"vpcId", firewall.vpc_id},
                    {"description", firewall.description},
                    {"inboundRules", firewall.inbound_rules},
                    {"settings", firewall.extra}});
}

model::Operation delete_firewall(std::string key, const model::Firewall& firewall) {
  return operation(delete_firewall_kind, std::move(key), firewall.account,
                   {{"name", firewall.name}, {"region", firewall.region}, {"vpcId", firewall.vpc_id}});
}

model::Firewall firewall_of(const model::Operation& operation) {
  model::Firewall firewall;
  firewall.name = base::string_or(operation.what, "name", "");
  firewall.account = operation.account;
  firewall.region = base::string_or(operation.what, "region", "");
  firewall.moniker = parse_name(firewall.name);
  firewall.vpc_id = base::string_or(operation.what, "vpcId", "");
  firewall.description = base::string_or(operation.what, "description", "");
  if (const auto* rules = base::find_array(operation.what, "inboundRules")) firewall.inbound_rules = *rules;
  if (const auto* settings = base::find_object(operation.what, "settings")) firewall.extra = *settings;
  return firewall;
}

model::Operation run_job(std::string key, const JobSpec& spec) {
  return operation(run_job_kind, std::move(key), spec.account,
                   {{"application", spec.moniker.app},
                    {"stack", spec.moniker.stack},
                    {"freeFormDetails", spec.moniker.detail},
                    {"region", spec.region},
                    {"imageId", spec.image_id},
                    {"settings", spec.settings}});
}

JobSpec job_spec_of(const model::Operation& operation) {
  JobSpec spec;
  spec.account = operation.account;
  spec.region = base::string_or(operation.what, "region", "");
  spec.moniker.app = base::string_or(operation.what, "application", "");
  spec.moniker.stack = base::string_or(operation.what, "stack", "");
  spec.moniker.detail = base::string_or(operation.what, "freeFormDetails", "");
  spec.moniker.cluster = cluster_name(spec.moniker);
  spec.image_id = base::string_or(operation.what, "imageId", "");
  if (const auto* settings = base::find_object(operation.what, "settings")) spec.settings = *settings;
  return spec;
}

model::Operation cancel_job(std::string key, const std::string& account, const std::string& region,
                            const std::string& job_id) {
  return operation(cancel_job_kind, std::move(key), account, {{"jobId", job_id}, {"region", region}});
}

model::Operation bake(std::string key, const BakeSpec& spec) {
  json::object what{
      {"name", spec.name}, {"region", spec.region}, {"version", spec.version}, {"settings", spec.settings}};
  if (!spec.base_image.empty()) what["baseImage"] = spec.base_image;
  if (!spec.attributes.empty()) what["attributes"] = spec.attributes;
  if (spec.rebake) what["rebake"] = true;
  return operation(bake_kind, std::move(key), spec.account, std::move(what));
}

BakeSpec bake_spec_of(const model::Operation& operation) {
  const json::object& what = operation.what;
  const auto* settings = base::find_object(what, "settings");
  const auto* attributes = base::find_object(what, "attributes");
  return {.account = operation.account,
          .region = base::string_or(what, "region", ""),
          .name = base::string_or(what, "name", ""),
          .version = base::string_or(what, "version", ""),
          .settings = settings != nullptr ? *settings : json::object(),
          .base_image = base::string_or(what, "baseImage", ""),
          .attributes = attributes != nullptr ? *attributes : json::object(),
          .rebake = base::bool_or(what, "rebake", false)};
}

}  // namespace gennaker::clusters
