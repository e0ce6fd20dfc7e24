#pragma once

#include <functional>
#include <string>

#include "runner/catalogs.h"

namespace gennaker::stages {

/// How many server groups a cluster has in a region, for the clusterSize precondition.
struct ClusterSizeQuestion {
  std::string account, region, cluster;
  bool only_enabled = false;
};
using ClusterSize = std::function<int(const ClusterSizeQuestion&)>;

/// The `checkPreconditions` stage: see README.md.
void add_check_preconditions(runner::Catalogs& catalogs, ClusterSize cluster_size);

}  // namespace gennaker::stages
