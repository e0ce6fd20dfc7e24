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
/// nullopt if fine, else what is wrong and with which part.
std::optional<std::string> refuse_moniker(const model::Moniker& moniker);

struct TakenName {
  int sequence;  ///< -1: the name has none
  base::TimePoint created_time;
};
/// The number after the newest group's, skipping those taken, 999 followed by 0; nullopt if all are taken.
std::optional<int> next_sequence(const std::vector<TakenName>& taken);

}  // namespace gennaker::clusters
