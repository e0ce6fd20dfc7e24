#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/infrastructure.h"

/// When an instance counts as up or down. Source: docs/concepts.md, "Health".
namespace gennaker::clusters {

/// Types of health that count (`interestingHealthProviderNames`). nullopt: all. An empty list: none counts,
/// and whoever waits for a state goes on at once.
using HealthNames = std::optional<std::vector<std::string>>;

/// One opinion out of many: Up only if all that know anything say so.
model::HealthState aggregate(const std::vector<model::Health>& health);

/// Some health is Up, or the platform's is asked for by name and not Down; and none speaks against it.
bool is_up(const model::Instance& instance, const HealthNames& names = std::nullopt);
/// Some health is Down, OutOfService or Starting, or nothing is known; and none is Up or Draining.
/// Never true together with is_up, but for an empty list of names.
bool is_down(const model::Instance& instance, const HealthNames& names = std::nullopt);

/// The provider gave it up: it will not become Up any more.
bool is_lost(const model::Instance& instance);
/// Says how it stands with the traffic, not with the process: load balancers, discovery.
bool speaks_of_traffic(const model::Health& health);
/// Gets no traffic: down, or its group is disabled and no load balancer knows it.
bool is_without_traffic(const model::ServerGroup& group, const model::Instance& instance,
                        const HealthNames& names = std::nullopt);

/// As in the API's `instanceCounts` and `lastCapacityCheck`, by the aggregate state.
struct InstanceCounts {
  int total = 0, up = 0, down = 0, unknown = 0, out_of_service = 0, starting = 0, succeeded = 0, failed = 0;
};
InstanceCounts count_instances(const model::ServerGroup& group);
int count_up(const model::ServerGroup& group, const HealthNames& names);

/// Enabled, or still with an instance that serves.
bool is_active(const model::ServerGroup& group);

/// "shop-v001-0 Down (connection refused), shop-v001-1 Up, and 5 more": for messages; those that are not up
/// first, a few of many.
std::string describe_instances(const model::ServerGroup& group);
/// Of those only what is not up and says why; may be empty.
std::string describe_unhealthy(const model::ServerGroup& group);

}  // namespace gennaker::clusters
