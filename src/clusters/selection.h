#pragma once

#include <string>
#include <vector>

#include "clusters/inventory.h"

/// Which server groups a step over a whole cluster touches. Pure.
/// Source: docs/concepts.md, "What a cluster-wide step touches".
namespace gennaker::clusters {

struct Selection {
  int keep = 1;               ///< how many stay as they are, protected ones counted
  bool spare_active = true;   ///< active ones (enabled, or still serving) stay, and count as kept
  bool larger_first = false;  ///< of the rest, keep those with more instances rather than the newest
};

/// The server groups of one cluster and location to act on, in the order of their fate: newest first.
///
/// Protected, always: those that this execution deployed (`deployed`, by name), and every one younger than
/// the oldest of them: somebody else's deployment is under way there.
ServerGroups select_for_removal(const ServerGroups& cluster, const std::vector<std::string>& deployed,
                                const Selection& selection);

/// As above, for disabling: those that are disabled already neither count nor appear.
ServerGroups select_for_disabling(const ServerGroups& cluster, const std::vector<std::string>& deployed,
                                  int keep_enabled, bool larger_first);

}  // namespace gennaker::clusters
