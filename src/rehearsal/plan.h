#pragma once

#include <boost/asio/thread_pool.hpp>

#include "rehearsal/world.h"

namespace gennaker::rehearsal {

/// What would be started.
struct PlanRequest {
  json::object config;   ///< of the pipeline, saved or not
  json::object trigger;  ///< parameters, artifacts
  std::string user = "anonymous";
};

/// Rehearses the pipeline with Assumptions and tells what it would do. Never throws for what is wrong with
/// the pipeline: that is in `problems`. Blocks for as long as the rehearsal takes, some milliseconds. The
/// answer, in full in docs/planning.md:
///
///     {application, name, status, problems: [{level, message, stage?, field?, pipeline?}],
///      stages: [{refId, name, type, outcome, operations, expressions, before, after, child ...}]}
json::object make_plan(const Setting& setting, PlanRequest request);

struct PlannerParts {
  store::Store& store;  ///< read, never written
  clusters::Clouds& clouds;
  pipelines::AddStages add_stages;
  std::shared_ptr<const net::UrlFence> fence;
  const base::Clock& clock;
};

/// Plans against what the server has saved and what its clouds hold now. Threads: any executor; the work is
/// done on a thread of its own, one plan after another.
class Planner {
 public:
  explicit Planner(PlannerParts parts) : parts_(std::move(parts)) {}

  Async<json::object> plan(PlanRequest request);
  /// What is under way is answered when this returns; nobody may ask any more.
  void stop() { pool_.join(); }

 private:
  Setting setting_for(const PlanRequest& request) const;

  PlannerParts parts_;
  boost::asio::thread_pool pool_{1};
};

}  // namespace gennaker::rehearsal
