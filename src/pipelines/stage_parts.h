#pragma once

#include "bakery/bakes.h"
#include "base/clock.h"
#include "base/random.h"
#include "clusters/clouds.h"
#include "clusters/cluster_locks.h"
#include "clusters/traffic_guards.h"
#include "net/client.h"
#include "pipelines/applications.h"
#include "pipelines/configurations.h"
#include "pipelines/starter.h"
#include "runner/catalogs.h"
#include "runner/runner.h"
#include "store/store.h"

namespace gennaker::pipelines {

/// What the stages of a server lean on, real or rehearsed. All must outlive the catalogs.
struct StageParts {
  store::Store& store;
  runner::Runner& runner;
  Applications& applications;
  Configurations& configurations;
  Starter& starter;
  clusters::Clouds& clouds;
  const clusters::TrafficGuards& guards;
  const clusters::ClusterLocks& locks;
  const bakery::Bakes& bakes;
  net::HttpClient& client;
  base::Random& random;
};

/// Adds every stage type to empty catalogs.
using AddStages = std::function<void(runner::Catalogs&, const StageParts&)>;

}  // namespace gennaker::pipelines
