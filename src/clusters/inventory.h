#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/cloud_provider.h"
#include "clusters/operations.h"

/// Look-ups in a snapshot. All are pure; what they return points into the snapshot. Names and regions are
/// compared without regard to case.
namespace gennaker::clusters {

using ServerGroups = std::vector<const model::ServerGroup*>;

/// All server groups with one name up to their number, in one account.
struct Cluster {
  std::string name;
  std::string account;
  std::string provider;
  model::Moniker moniker;  ///< without a number
  ServerGroups server_groups;
};

bool same_name(std::string_view a, std::string_view b);

ServerGroups server_groups_of_application(const Snapshot& snapshot, std::string_view application);
/// Sorted by name.
std::vector<Cluster> clusters_of_application(const Snapshot& snapshot, std::string_view application);
/// In `location`, a region or a zone; empty: in all.
ServerGroups server_groups_of_cluster(const Snapshot& snapshot, std::string_view cluster,
                                      std::string_view location = "");
const model::ServerGroup* find_server_group(const Snapshot& snapshot, std::string_view region,
                                            std::string_view name);
const model::LoadBalancer* find_load_balancer(const Snapshot& snapshot, std::string_view region,
                                              std::string_view name);
/// By id, else the newest of that name.
const model::Image* find_image(const Snapshot& snapshot, std::string_view region,
                               std::string_view id_or_name);

/// Which server group of a cluster is meant.
enum class Target {
  current,   ///< the newest
  previous,  ///< the one before it
  oldest,
  largest,  ///< most instances; of equals the newest
  only,     ///< the only one: a second one is an error
};

struct TargetWord {
  Target target;
  bool dynamic;  ///< resolved when the stage runs, not when it was planned; we always do
};
/// "current_asg_dynamic", "ancestor_asg", "oldest_asg_dynamic", and "NEWEST", "LARGEST", "OLDEST", "FAIL".
std::optional<TargetWord> parse_target(std::string_view word);
/// For messages.
std::vector<std::string> target_words();

struct TargetOptions {
  bool only_enabled = false;
  bool validate_oldest = true;  ///< the oldest of one is an error
};

struct ResolvedTarget {
  const model::ServerGroup* group = nullptr;
  std::string problem;  ///< why there is none
};
ResolvedTarget resolve_target(const ServerGroups& candidates, Target target, TargetOptions options = {});

/// Newest first; of the same age the one with the later name first.
void sort_newest_first(ServerGroups& groups);

bool is_pinned(const model::ServerGroup& group);

/// What a provider puts into a server group's tag `state` while it takes it away.
inline constexpr std::string_view being_destroyed = "is being destroyed";
bool is_being_destroyed(const model::ServerGroup& group);

}  // namespace gennaker::clusters
