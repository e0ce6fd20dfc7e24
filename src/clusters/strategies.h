#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/infrastructure.h"

/// Deployment strategies as values: what a deployment does before, after, and when it failed. A strategy
/// knows no cloud, no stage and no engine. Source: docs/concepts.md, "Strategies".
namespace gennaker::clusters {

namespace json = boost::json;
using base::TimePoint;

/// One thing to do: `kind` is a stage type.
struct Step {
  std::string kind;
  std::string name;
  json::object context;
  bool beside = false;  ///< runs along with the others, which do not wait for it
};

enum class StrategyKind {
  none,
  highlander,
  redblack,
  rolling_redblack,
  monitored,
  rolling_push,
  custom,
  canary,
};

struct Strategy {
  StrategyKind kind = StrategyKind::none;
  int max_remaining = 0;  ///< server groups to keep, the new one counted; 0: all
  bool allow_delete_active = false;
  bool allow_scale_down_active = false;
  bool scale_down = false;
  std::chrono::seconds before_disable{0};
  std::chrono::seconds before_scale_down{0};
  bool rollback_on_failure = false;
  bool destroy_latest = false;
  bool keep_failed = false;  ///< leave a server group that never became healthy
  // Of rolling red/black, monitored, canary.
  std::vector<int> percentages;  ///< of the old one's size, rising, the last is 100
  json::object check_pipeline;  ///< {application, pipelineId, pipelineParameters}, run in each step; or empty
  json::object monitor;  ///< of monitored: {id, parameters, maxAnalysisMinutesOverride, failOnErrorOverride}
  // Of rolling push.
  json::object relaunch;  ///< {order, totalRelaunches, concurrentRelaunches, waitTime}
  // Of custom.
  std::string application, pipeline_id;
  json::object parameters;
  // Of canary.
  int canary_instances = 1;
  std::chrono::seconds canary_time{0};
};

/// Whether the new server group is made empty, and grows in steps once it is there.
bool grows_in_steps(const Strategy& strategy);
/// Whether the deployment makes a new server group of the cluster itself, rather than by its steps.
bool creates_server_group(const Strategy& strategy);
/// Whether the new server group gets the traffic of all others.
bool takes_over(const Strategy& strategy);
/// As users write it: "redblack".
std::string_view name_of(StrategyKind kind);
/// Whether there must be a server group already.
bool needs_source(const Strategy& strategy);

struct FieldProblem {
  std::string field;
  std::string reason;
};

/// Reads the strategy's fields out of a cluster description; sets `problem` and returns `none` if one is
/// wrong. Numbers may be texts.
Strategy read_strategy(const json::object& description, std::optional<FieldProblem>& problem);

/// A server group of the cluster when a deployment began.
struct GroupBefore {
  std::string name;
  model::Capacity capacity;
  bool enabled = false;
};

/// A deployment of one server group, as far as it got.
struct Deployment {
  std::string account;
  std::string provider;
  std::string region;
  model::Moniker moniker;              ///< of the cluster
  std::string created;                 ///< the new server group; empty: there is none yet
  std::string source;                  ///< the server group that it follows; empty: there is none
  model::Capacity source_capacity;     ///< of `source`, when the deployment began
  model::Capacity wanted;              ///< of the new server group
  std::vector<GroupBefore> before;     ///< all of the cluster and region
  bool creation_failed = false;        ///< the new server group never became healthy
  std::string execution_id, stage_id;  ///< whose deployment it is
  std::string image;                   ///< as the user named it; empty: from the stages before
  json::object description;            ///< the user's, of the new server group
  // What `source` runs when the deployment began.
  std::string source_image;
  json::object source_settings;
  TimePoint began{};
  int healthy_percentage = 100;  ///< how much of what is started must be up
  std::chrono::milliseconds health_timeout = std::chrono::minutes(5);  ///< of what a step starts
  std::vector<std::string> helpers;  ///< server groups that its steps have made: baseline and canary
};

/// In order, before anything happens.
std::vector<Step> steps_before(const Strategy& strategy);
/// In order, once the new server group is up.
std::vector<Step> steps_after(const Strategy& strategy, const Deployment& deployment);
/// In order, when the deployment failed. What was pinned is unpinned. With `rollback_on_failure` capacity and
/// traffic become as they were before; without, a failure after the new server group came up undoes nothing
/// else: both generations may be serving.
std::vector<Step> steps_on_failure(const Strategy& strategy, const Deployment& deployment);

}  // namespace gennaker::clusters
