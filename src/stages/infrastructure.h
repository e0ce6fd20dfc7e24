#pragma once

#include <chrono>

#include "clusters/clouds.h"
#include "clusters/cluster_locks.h"
#include "clusters/traffic_guards.h"
#include "runner/catalogs.h"

namespace gennaker::stages {

/// What the stages that change infrastructure need. The catalogs that get them must not outlive it.
struct Infrastructure {
  clusters::Clouds& clouds;
  const clusters::TrafficGuards& guards;
  const clusters::ClusterLocks& locks;
  /// How long a new server group may take to become healthy, unless its stage says so (`healthTimeoutMs`).
  std::chrono::milliseconds health_timeout = std::chrono::minutes(5);
};

/// The tasks that several of these stages share: the waits. Once, beside the stages.
void add_infrastructure_tasks(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
