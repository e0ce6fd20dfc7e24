#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/infrastructure.h"
#include "model/operation.h"

/// The operations that providers carry out, as values. Each function documents the members of `what` that it
/// writes and the members of the answer; a provider reads them back with the matching `*_of`.
namespace gennaker::clusters {

namespace json = boost::json;

inline constexpr std::string_view create_server_group_kind = "createServerGroup";
inline constexpr std::string_view resize_server_group_kind = "resizeServerGroup";
inline constexpr std::string_view enable_server_group_kind = "enableServerGroup";
inline constexpr std::string_view disable_server_group_kind = "disableServerGroup";
inline constexpr std::string_view destroy_server_group_kind = "destroyServerGroup";
inline constexpr std::string_view update_launch_kind = "updateLaunchConfig";
inline constexpr std::string_view upsert_load_balancer_kind = "upsertLoadBalancer";
inline constexpr std::string_view delete_load_balancer_kind = "deleteLoadBalancer";
inline constexpr std::string_view bake_kind = "bake";
inline constexpr std::string_view terminate_instances_kind = "terminateInstances";
inline constexpr std::string_view terminate_and_decrement_kind = "terminateInstanceAndDecrementServerGroup";
inline constexpr std::string_view reboot_instances_kind = "rebootInstances";
inline constexpr std::string_view detach_instances_kind = "detachInstances";
inline constexpr std::string_view register_instances_kind = "registerInstancesWithLoadBalancer";
inline constexpr std::string_view deregister_instances_kind = "deregisterInstancesFromLoadBalancer";
inline constexpr std::string_view set_scaling_processes_kind = "modifyScalingProcess";
inline constexpr std::string_view tag_server_group_kind = "upsertServerGroupTags";
inline constexpr std::string_view tag_image_kind = "upsertImageTags";
inline constexpr std::string_view delete_image_kind = "deleteImage";
inline constexpr std::string_view upsert_firewall_kind = "upsertSecurityGroup";
inline constexpr std::string_view delete_firewall_kind = "deleteSecurityGroup";
inline constexpr std::string_view run_job_kind = "runJob";
inline constexpr std::string_view cancel_job_kind = "destroyJob";

/// Names one server group.
struct ServerGroupRef {
  std::string account;
  std::string region;
  std::string name;
};

/// A new server group. The provider chooses the number in its name: one more than the newest of its cluster
/// (clusters/naming.h), and gives the same name to the same key.
struct ServerGroupSpec {
  std::string account;
  std::string region;
  model::Moniker moniker;  ///< app, stack, detail; `cluster` and `sequence` are derived
  std::string image_id;
  model::Capacity capacity;
  std::vector<std::string> load_balancers;
  bool start_disabled = false;  ///< gets no traffic until enabled
  /// The provider's own settings: whatever the cluster description of the stage holds besides the above.
  json::object settings;
};

/// what: {application, stack, freeFormDetails, region, imageId, capacity{min,max,desired}, loadBalancers[],
/// startDisabled, settings{}}. Answer: {serverGroupName, region, ancestorServerGroupName?}.
model::Operation create_server_group(std::string key, const ServerGroupSpec& spec);
ServerGroupSpec server_group_spec_of(const model::Operation& operation);

/// what: {serverGroupName, region, capacity{min,max,desired}}. Answer: {serverGroupName}.
model::Operation resize_server_group(std::string key, const ServerGroupRef& group,
                                     const model::Capacity& capacity);
/// Gives it traffic from all its load balancers, instance by instance as each is healthy; with less than 100
/// % to that share of its instances, and the others get none. what: {serverGroupName, region,
/// desiredPercentage}. Answer: {serverGroupName}.
model::Operation enable_server_group(std::string key, const ServerGroupRef& group, int percentage = 100);
/// Takes its traffic away: no new requests, waits for those under way (at most `drain_timeout`), then removes
/// it from its load balancers; with less than 100 % that share of its instances, those that are without
/// traffic already counted, and the group is not disabled. what: {serverGroupName, region, drainTimeoutMs,
/// desiredPercentage}. Answer: {serverGroupName, instanceIdsToDisable[]}: those without traffic, with less
/// than 100 %.
model::Operation disable_server_group(std::string key, const ServerGroupRef& group,
                                      std::chrono::milliseconds drain_timeout, int percentage = 100);
/// From 1 to 100.
int percentage_of(const model::Operation& operation);
/// That part of so many instances, rounded up.
int share_of(int percentage, std::size_t instances);
/// How many of so many instances get no traffic after an enabling or disabling of a part; 0 after one of the
/// whole, which the group's own state tells. The first ones lose their traffic first and get it back last.
int left_out(const model::Operation& operation, std::size_t instances);
/// Disables it first where it still has traffic. A group that is gone already is a success.
/// what: {serverGroupName, region}. Answer: {serverGroupName}.
model::Operation destroy_server_group(std::string key, const ServerGroupRef& group);
/// What its instances run from now on; those that run go on as they are until they are started anew.
struct LaunchChange {
  std::string image_id;   ///< empty: stays
  json::object settings;  ///< the provider's own; those that are null go
  bool replaces = false;  ///< settings that are not given go too
};
/// what: {serverGroupName, region, imageId, settings{}, replacesSettings}. Answer: {serverGroupName}.
model::Operation update_launch(std::string key, const ServerGroupRef& group, const LaunchChange& change);
LaunchChange launch_change_of(const model::Operation& operation);
/// The settings after the change.
json::object changed_settings(const json::object& settings, const LaunchChange& change);
ServerGroupRef server_group_of(const model::Operation& operation);
/// {min, max, desired}, as operations, stages, records and the API have it.
json::object capacity_json(const model::Capacity& capacity);
/// Of the member `capacity`; what is missing is 0.
model::Capacity capacity_of(const json::object& what);

/// what: {name, region, settings{}} (local: settings.port, the port on which it listens; settings.bind,
/// default 127.0.0.1). Answer: {loadBalancerName, region}.
model::Operation upsert_load_balancer(std::string key, const std::string& account, const std::string& region,
                                      const std::string& name, json::object settings);
/// Refused with `conflict` while a server group uses it. what: {name, region}. Answer: {}.
model::Operation delete_load_balancer(std::string key, const std::string& account, const std::string& region,
                                      const std::string& name);

/// Names instances of one region, whatever server groups they belong to.
struct InstancesRef {
  std::string account;
  std::string region;
  std::vector<std::string> ids;
};
InstancesRef instances_of(const model::Operation& operation);

/// Ends them; their server groups start others in their place. Those that are gone are no failure.
/// what: {region, instanceIds[]}. Answer: {instanceIds[]}.
model::Operation terminate_instances(std::string key, const InstancesRef& instances);
/// Ends one instance without a replacement; afterwards the server group has this capacity.
/// what: {serverGroupName, region, instance, capacity{min,max,desired}}. Answer: {serverGroupName}.
model::Operation terminate_and_decrement(std::string key, const ServerGroupRef& group,
                                         const std::string& instance, const model::Capacity& capacity);
/// Starts them anew: each is the same instance with a later launch time. Throws `not_found`.
/// what: {region, instanceIds[]}. Answer: {instanceIds[]}.
model::Operation reboot_instances(std::string key, const InstancesRef& instances);
/// They leave their server group, which starts others in their place unless `capacity` is given: its new one.
/// They end if `terminate`, else go on without it.
/// what: {serverGroupName, region, instanceIds[], terminateDetachedInstances, capacity?}.
/// Answer: {instanceIds[]}.
struct Detachment {
  ServerGroupRef group;
  std::vector<std::string> ids;
  bool terminate = false;
  std::optional<model::Capacity> capacity;
};
model::Operation detach_instances(std::string key, const Detachment& detachment);
/// They get traffic again from these load balancers of their server groups, as they are healthy; or no more,
/// after their requests have ended. Throws `not_found`. what: {region, instanceIds[], loadBalancerNames[]}.
/// Answer: {instanceIds[]}.
model::Operation register_instances(std::string key, const InstancesRef& instances,
                                    const std::vector<std::string>& load_balancers);
model::Operation deregister_instances(std::string key, const InstancesRef& instances,
                                      const std::vector<std::string>& load_balancers);

/// Stops or starts again some of the processes that scale a server group ("Launch", "Terminate", ...).
/// what: {serverGroupName, region, action, processes[]}. Answer: {serverGroupName}.
enum class ProcessAction { suspend, resume };
model::Operation set_scaling_processes(std::string key, const ServerGroupRef& group, ProcessAction action,
                                       const std::vector<std::string>& processes);
/// Sets tags; one that is null goes; the others stay. what: {serverGroupName, region, tags{}}.
/// Answer: {serverGroupName}.
model::Operation tag_server_group(std::string key, const ServerGroupRef& group, json::object tags);

/// Names one image by its id.
struct ImageRef {
  std::string account;
  std::string region;
  std::string id;
};
ImageRef image_of(const model::Operation& operation);
/// As tag_server_group. Throws `not_found`. what: {imageId, region, tags{}}. Answer: {imageId}.
model::Operation tag_image(std::string key, const ImageRef& image, json::object tags);
/// One that is gone already is a success; one that a server group runs is refused with `conflict`.
/// what: {imageId, region}. Answer: {imageId}.
model::Operation delete_image(std::string key, const ImageRef& image);

/// Of the firewall its name, account, region, vpc_id, description, inbound_rules and extra.
/// what: {name, region, vpcId, description, inboundRules[], settings{}}. Answer: {id, name, region}.
model::Operation upsert_firewall(std::string key, const model::Firewall& firewall);
/// Refused with `conflict` while a server group uses it. what: {name, region, vpcId}. Answer: {}.
model::Operation delete_firewall(std::string key, const model::Firewall& firewall);
model::Firewall firewall_of(const model::Operation& operation);

/// A new job. The same key gives the same job.
struct JobSpec {
  std::string account;
  std::string region;
  model::Moniker moniker;  ///< app, stack, detail
  std::string image_id;    ///< empty: the settings say what runs
  json::object settings;   ///< the provider's own
};
/// what: {application, stack, freeFormDetails, region, imageId, settings{}}. Answer: {jobId, jobName,
/// region}.
model::Operation run_job(std::string key, const JobSpec& spec);
JobSpec job_spec_of(const model::Operation& operation);
/// Ends it; one that has ended, or is not there, is a success. what: {jobId, region}. Answer: {}.
model::Operation cancel_job(std::string key, const std::string& account, const std::string& region,
                            const std::string& job_id);

/// An image to be made.
struct BakeSpec {
  std::string account;
  std::string region;
  std::string name;
  std::string version;
  json::object settings;  ///< the provider's own; local: `source`, a folder or a .tar/.tar.gz
  std::string
      base_image;  ///< what it is made from, in the cloud's words; empty: nothing, or the settings say
  json::object attributes;  ///< texts for the build, by name
  bool rebake = false;      ///< nothing that an earlier bake left may be used
};
/// The same content gives the same image. what: {name, region, version, settings{}, baseImage?, attributes?,
/// rebake?}. Answer: {imageId, imageName, region, previouslyBaked}.
model::Operation bake(std::string key, const BakeSpec& spec);
BakeSpec bake_spec_of(const model::Operation& operation);

}  // namespace gennaker::clusters
