#include "clusters/strategies.h"

#include <fmt/format.h>

#include "clusters/rolling_strategies.h"
#include "clusters/stepwise_strategies.h"
#include "clusters/strategy_steps.h"

namespace gennaker::clusters {
namespace {

std::vector<Step> after_redblack(const Strategy& strategy, const Deployment& deployment) {
  if (deployment.source.empty()) return {};
  std::vector<Step> steps;
  // Before the disabling: what serves now survives until the next deployment, to roll back to.
  if (strategy.max_remaining > 0)
    steps.push_back(shrink(deployment, strategy.max_remaining, strategy.allow_delete_active));
  add_wait(steps, "Wait Before Disable", strategy.before_disable);
  if (strategy.before_disable > std::chrono::seconds(0)) steps.push_back(still_serves(deployment));
  steps.push_back(with({"disableCluster", "Disable Cluster", cluster_context(deployment)},
                       {{"remainingEnabledServerGroups", 1}, {"preferLargerOverNewer", false}}));
  if (strategy.scale_down) {
    add_wait(steps, "Wait Before Scale Down", strategy.before_scale_down);
    steps.push_back(scale_down_others(deployment, strategy.allow_scale_down_active));
  }
  return steps;
}

/// Nothing of the others has changed yet.
std::vector<Step> undo_creation(const Strategy& strategy, const Deployment& deployment) {
  std::vector<Step> steps;
  if (strategy.rollback_on_failure && strategy.kind == StrategyKind::redblack) {
    json::object context = group_context(deployment, deployment.created);
    context["rollbackType"] = "EXPLICIT";
    context["rollbackContext"] = {{"rollbackServerGroupName", deployment.created}, {"disableOnly", true}};
    steps.push_back({"rollbackServerGroup", "Rollback " + deployment.created, std::move(context)});
  }
  const bool asked_to_keep =
      strategy.keep_failed && !strategy.rollback_on_failure && !strategy.destroy_latest;
  if (!asked_to_keep) steps.push_back(destroy(deployment, deployment.created));
  return steps;
}

/// The others have their sizes and their traffic again before the new one loses its own.
std::vector<Step> undo(const Strategy& strategy, const Deployment& deployment) {
  std::vector<Step> steps;
  if (strategy.rollback_on_failure) {
    if (!deployment.before.empty()) steps.push_back(restore(deployment));
    steps.push_back(disable(deployment, deployment.created));
  } else if (grows_in_steps(strategy) && !deployment.source.empty()) {
    steps.push_back(unpin_source(deployment));
  }
  if (strategy.destroy_latest && strategy.rollback_on_failure) {
    steps.push_back(destroy(deployment, deployment.created));
  } else if (grows_in_steps(strategy)) {
    steps.push_back(unpin_created(deployment));
  }
  return steps;
}

std::vector<Step> undo_all(const Strategy& strategy, const Deployment& deployment) {
  if (strategy.kind == StrategyKind::custom) return {};
  if (strategy.kind == StrategyKind::canary) return undo_canary(deployment);
  if (strategy.kind == StrategyKind::rolling_push) {
    return strategy.rollback_on_failure ? undo_rolling_push(strategy, deployment) : std::vector<Step>{};
  }
  if (deployment.created.empty()) return {};
  std::vector<Step> steps =
      deployment.creation_failed ? undo_creation(strategy, deployment) : undo(strategy, deployment);
  if (!deployment.creation_failed) add_monitored_failure(strategy, deployment, steps);
  return steps;
}

}  // namespace

bool grows_in_steps(const Strategy& strategy) {
  return strategy.kind == StrategyKind::rolling_redblack || strategy.kind == StrategyKind::monitored;
}

bool takes_over(const Strategy& strategy) {
  return strategy.kind == StrategyKind::highlander || strategy.kind == StrategyKind::redblack ||
         grows_in_steps(strategy);
}

bool creates_server_group(const Strategy& strategy) {
  return strategy.kind != StrategyKind::rolling_push && strategy.kind != StrategyKind::custom &&
         strategy.kind != StrategyKind::canary;
}

bool needs_source(const Strategy& strategy) {
  return strategy.kind == StrategyKind::rolling_push || strategy.kind == StrategyKind::canary;
}

std::vector<Step> steps_before(const Strategy& strategy) {
  if (strategy.kind != StrategyKind::monitored) return {};
  return {{"checkDeploymentMonitor", "Is the Monitor There?", {{"deploymentMonitor", strategy.monitor}}}};
}

std::vector<Step> steps_after(const Strategy& strategy, const Deployment& deployment) {
  switch (strategy.kind) {
    case StrategyKind::none:
      return {};
    case StrategyKind::highlander:
      return {shrink(deployment, 1, true)};
    case StrategyKind::redblack:
      return after_redblack(strategy, deployment);
    case StrategyKind::rolling_redblack:
      return after_rolling(strategy, deployment);
    case StrategyKind::monitored:
      return after_monitored(strategy, deployment);
    case StrategyKind::rolling_push:
      return after_rolling_push(strategy, deployment);
    case StrategyKind::custom:
      return after_custom(strategy, deployment);
    case StrategyKind::canary:
      return after_canary(strategy, deployment);
  }
  return {};
}

std::vector<Step> steps_on_failure(const Strategy& strategy, const Deployment& deployment) {
  std::vector<Step> steps = undo_all(strategy, deployment);
  // Else it is the deployment's own time, which may be what has run out.
  for (Step& step : steps) step.context.emplace("stageTimeoutMs", rollback_limit.count());
  return steps;
}

}  // namespace gennaker::clusters
