#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runner/catalogs.h"

namespace gennaker::stages {

/// Which server groups a cluster has in a region, for the clusterSize precondition.
struct ClusterSizeQuestion {
  std::string account, region, cluster;
  bool only_enabled = false;
};
/// Their names.
using ServerGroupsOf = std::function<std::vector<std::string>(const ClusterSizeQuestion&)>;

/// The `checkPreconditions` stage: see README.md.
void add_check_preconditions(runner::Catalogs& catalogs, ServerGroupsOf server_groups_of);

}  // namespace gennaker::stages
