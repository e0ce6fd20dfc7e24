#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/infrastructure.h"

/// Names of server groups: app[-stack[-detail]]-vNNN. Source: docs/concepts.md, "Names".
namespace gennaker::clusters {

/// "shop", "shop-main", "shop-main-eu", "shop--eu" (detail without stack).
std::string cluster_name(const model::Moniker& moniker);
/// "shop-main-v007".
std::string server_group_name(std::string_view cluster, int sequence);
/// The parts of a server group's or cluster's name; empty app if the name does not fit the grammar.
model::Moniker parse_name(std::string_view name);
/// nullopt if fine, else what is wrong and with which part. `longest`: of the cluster's name, where a cloud
/// has a bound.
std::optional<std::string> refuse_moniker(const model::Moniker& moniker, std::size_t longest = SIZE_MAX);

struct TakenName {
  int sequence;  ///< -1: the name has none
  base::TimePoint created_time;
};
/// The number after the newest group's, skipping those taken, 999 followed by 0; nullopt if all are taken.
std::optional<int> next_sequence(const std::vector<TakenName>& taken);

/// A server group of a cluster, to name the next one by.
struct Sibling {
  std::string name;
  TakenName taken;
  bool gone = false;  ///< its number is taken still, and nothing follows it
};
struct Successor {
  std::string name;
  int sequence = 0;
  base::TimePoint created_time{};
  std::string ancestor;  ///< the newest of the others; empty: there is none
};
/// The next server group of `cluster`, newer than all others whatever the clock says: "newest" decides much,
/// and two of the same millisecond, or a clock that was set back, must not blur it. Throws base::Error
/// `conflict` when all names are taken.
Successor next_server_group(const std::string& cluster, const std::vector<Sibling>& siblings,
                            base::TimePoint now);

}  // namespace gennaker::clusters
