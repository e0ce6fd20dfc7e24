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
inline constexpr std::string_view upsert_load_balancer_kind = "upsertLoadBalancer";
inline constexpr std::string_view delete_load_balancer_kind = "deleteLoadBalancer";
inline constexpr std::string_view bake_kind = "bake";

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
/// Disables it first where it still has traffic. A group that is gone already is a success.
/// what: {serverGroupName, region}. Answer: {serverGroupName}.
model::Operation destroy_server_group(std::string key, const ServerGroupRef& group);
ServerGroupRef server_group_of(const model::Operation& operation);
model::Capacity capacity_of(const json::object& what);

/// what: {name, region, settings{}} (local: settings.port, the port on which it listens; settings.bind,
/// default 127.0.0.1). Answer: {loadBalancerName, region}.
model::Operation upsert_load_balancer(std::string key, const std::string& account, const std::string& region,
                                      const std::string& name, json::object settings);
/// Refused with `conflict` while a server group uses it. what: {name, region}. Answer: {}.
model::Operation delete_load_balancer(std::string key, const std::string& account, const std::string& region,
                                      const std::string& name);

/// Makes an image. what: {name, region, version, settings{}} (local: settings.source, a folder or a
/// .tar/.tar.gz). The same content gives the same image. Answer: {imageId, imageName, region,
/// previouslyBaked}.
model::Operation bake(std::string key, const std::string& account, const std::string& region,
                      const std::string& name, const std::string& version, json::object settings);

}  // namespace gennaker::clusters
