#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "model/infrastructure.h"

/// Deployment strategies as values: what a deployment does before, after, and when it failed. A strategy
/// knows no cloud, no stage and no engine. Source: docs/concepts.md, "Strategies".
namespace gennaker::clusters {

namespace json = boost::json;

/// One thing to do: `kind` is a stage type.
struct Step {
  std::string kind;
  std::string name;
  json::object context;
};

enum class StrategyKind { none, highlander, redblack, rolling_redblack };

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
  // Of a rolling one.
  std::vector<int> percentages;  ///< of the old one's size, rising, the last is 100
  json::object check_pipeline;  ///< {application, pipelineId, pipelineParameters}, run in each step; or empty
};

/// Whether the new server group is made empty, and grows in steps once it is there.
bool grows_in_steps(const Strategy& strategy);

struct FieldProblem {
  std::string field;
  std::string reason;
};

/// Reads the strategy's fields out of a cluster description; sets `problem` and returns `none` if one is
/// wrong. Numbers may be texts.
Strategy read_strategy(const json::object& description, std::optional<FieldProblem>& problem);

/// A deployment of one server group, as far as it got.
struct Deployment {
  std::string account;
  std::string provider;
  std::string region;
  model::Moniker moniker;           ///< of the cluster
  std::string created;              ///< the new server group; empty: there is none yet
  std::string source;               ///< the server group that it follows; empty: there is none
  model::Capacity source_capacity;  ///< of `source`, when the deployment began
  model::Capacity wanted;           ///< of the new server group
  bool creation_failed = false;     ///< the new server group never became healthy
};

/// In order, once the new server group is up.
std::vector<Step> steps_after(const Strategy& strategy, const Deployment& deployment);
/// In order, when the deployment failed. A failure after the new server group came up undoes nothing: both
/// generations may be serving.
std::vector<Step> steps_on_failure(const Strategy& strategy, const Deployment& deployment);

}  // namespace gennaker::clusters
