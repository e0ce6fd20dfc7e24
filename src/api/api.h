#pragma once

#include <boost/json/array.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "api/inventory_bell.h"
#include "api/origins.h"
#include "bakery/bake_logs.h"
#include "bakery/base_images.h"
#include "clusters/clouds.h"
#include "clusters/cluster_locks.h"
#include "clusters/traffic_guards.h"
#include "net/server.h"
#include "pipelines/applications.h"
#include "pipelines/configurations.h"
#include "pipelines/starter.h"
#include "rehearsal/plan.h"
#include "runner/runner.h"
#include "store/feed.h"
#include "store/store.h"

/// The HTTP API in the shapes of Spinnaker's Gate, and the page.
namespace gennaker::api {

/// What the API leans on. All must outlive the router.
struct Parts {
  store::Store& store;
  store::FeedReader& feed;
  pipelines::Applications& applications;
  pipelines::Configurations& configurations;
  pipelines::Starter& starter;
  runner::Runner& runner;
  runner::Answerer& answerer;
  rehearsal::Planner& planner;
  clusters::Clouds& clouds;
  const clusters::TrafficGuards& guards;
  const clusters::ClusterLocks& locks;
  bakery::BakeLogs& bake_logs;
  const std::vector<bakery::BaseImage>& base_images;
  InventoryBell& bell;
  const Origins& origins;
  const engine::StageCatalog& stages;
  const base::Clock& clock;
  base::Random& random;
  /// A file of the page or a stage's schema, built into the program: "ui/index.html".
  std::function<std::optional<std::string_view>(std::string_view path)> resource;
  /// GET /jobs/preconfigured.
  boost::json::array preconfigured_jobs = {};
};

net::Router make_router(const Parts& parts);

/// While there is no store yet: alive and not ready, with the reason. Nothing else is answered.
net::Router make_waiting_router(std::function<std::string()> reason);

/// Turns a failure into {timestamp, status, error, message}; the one place that maps kinds to statuses.
net::Response to_response(const base::Clock& clock, const net::Request& request,
                          const std::exception_ptr& failure);

/// What every answer carries: CORS, the request's id.
void finish(const Origins& origins, base::Random& random, const net::Request& request,
            net::Response& response);

}  // namespace gennaker::api
