#include "clusters/capabilities.h"

#include "clusters/operations.h"

namespace gennaker::clusters {
namespace {

using model::Capabilities;

struct Need {
  std::string_view kind;
  bool Capabilities::*capability;
};

constexpr Need needs[] = {
    {terminate_instances_kind, &Capabilities::terminate_instances},
    {terminate_and_decrement_kind, &Capabilities::terminate_instances},
    {reboot_instances_kind, &Capabilities::reboot_instances},
    {detach_instances_kind, &Capabilities::detach_instances},
    {register_instances_kind, &Capabilities::register_instances},
    {deregister_instances_kind, &Capabilities::register_instances},
    {update_launch_kind, &Capabilities::launch_changes},
    {set_scaling_processes_kind, &Capabilities::scaling_processes},
    {tag_server_group_kind, &Capabilities::server_group_tags},
    {tag_image_kind, &Capabilities::image_tags},
    {delete_image_kind, &Capabilities::delete_images},
    {upsert_firewall_kind, &Capabilities::firewalls},
    {delete_firewall_kind, &Capabilities::firewalls},
    {run_job_kind, &Capabilities::jobs},
    {cancel_job_kind, &Capabilities::jobs},
};

struct Word {
  std::string_view name;
  bool Capabilities::*capability;
};

constexpr Word words[] = {
    {"terminateInstances", &Capabilities::terminate_instances},
    {"rebootInstances", &Capabilities::reboot_instances},
    {"detachInstances", &Capabilities::detach_instances},
    {"registerInstances", &Capabilities::register_instances},
    {"partialTraffic", &Capabilities::partial_traffic},
    {"launchChanges", &Capabilities::launch_changes},
    {"scalingProcesses", &Capabilities::scaling_processes},
    {"serverGroupTags", &Capabilities::server_group_tags},
    {"imageTags", &Capabilities::image_tags},
    {"deleteImages", &Capabilities::delete_images},
    {"firewalls", &Capabilities::firewalls},
    {"jobs", &Capabilities::jobs},
};

}  // namespace

bool can(const Capabilities& capabilities, std::string_view kind) {
  for (const Need& need : needs) {
    if (need.kind == kind) return capabilities.*need.capability;
  }
  return true;
}

bool can(const Capabilities& capabilities, const model::Operation& operation) {
  const bool traffic =
      operation.kind == enable_server_group_kind || operation.kind == disable_server_group_kind;
  if (traffic && percentage_of(operation) < 100) return capabilities.partial_traffic;
  return can(capabilities, operation.kind);
}

boost::json::object to_json(const Capabilities& capabilities) {
  boost::json::object entry;
  for (const Word& word : words) entry[word.name] = capabilities.*word.capability;
  if (!capabilities.platform_health.empty()) entry["platformHealth"] = capabilities.platform_health;
  return entry;
}

}  // namespace gennaker::clusters
