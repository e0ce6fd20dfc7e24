#include "clusters/rolling_strategies.h"

#include <fmt/format.h>

#include "clusters/strategy_steps.h"

namespace gennaker::clusters {
namespace {

/// Either the old ones become empty, or what the deployment pinned is free again.
void add_ending(const Strategy& strategy, const Deployment& deployment, bool may_fail,
                std::vector<Step>& steps) {
  if (!strategy.scale_down) {
    steps.push_back(unpin_source(deployment));
    return;
  }
  add_wait(steps, "Wait Before Scale Down", strategy.before_scale_down);
  Step step = scale_down_others(deployment, false);
  steps.push_back(may_fail ? tolerated(std::move(step)) : std::move(step));
}

void add_pins(const Deployment& deployment, std::vector<Step>& steps) {
  steps.push_back(keep_pinned(deployment, deployment.created, final_capacity(deployment)));
  if (deployment.source.empty()) return;
  steps.push_back(keep_pinned(deployment, deployment.source, deployment.source_capacity));
  steps.push_back(pin_source(deployment));
}

Step monitor_step(std::string kind, std::string name, const Strategy& strategy, const Deployment& deployment,
                  const json::object& more) {
  json::object context = reference(deployment, deployment.created);
  context["deploymentMonitor"] = strategy.monitor;
  context["newServerGroup"] = deployment.created;
  if (!deployment.source.empty()) context["oldServerGroup"] = deployment.source;
  context["deploymentId"] = deployment.stage_id;
  context["application"] = deployment.moniker.app;
  return with({std::move(kind), std::move(name), std::move(context)}, more);
}

Step completed(const Strategy& strategy, const Deployment& deployment, std::string_view status,
               std::string_view rollback) {
  return tolerated(monitor_step("notifyDeployCompleted", "Tell the Monitor the End", strategy, deployment,
                                {{"deploymentStatus", status}, {"rollbackStatus", rollback}}));
}

}  // namespace

std::vector<Step> after_rolling(const Strategy& strategy, const Deployment& deployment) {
  std::vector<Step> steps;
  const bool has_source = !deployment.source.empty();
  add_pins(deployment, steps);
  for (const int percentage : strategy.percentages) {
    steps.push_back(grow(deployment, percentage));
    add_wait(steps, "Wait Before Cleanup", strategy.before_disable);
    if (!strategy.check_pipeline.empty()) steps.push_back(check(strategy, deployment, percentage));
    const bool time_has_passed =
        strategy.before_disable > std::chrono::seconds(0) || !strategy.check_pipeline.empty();
    if (has_source && time_has_passed) steps.push_back(still_serves(deployment));
    if (has_source) steps.push_back(shift(deployment, percentage));
  }
  if (has_source) add_ending(strategy, deployment, false, steps);
  return steps;
}

std::vector<Step> after_monitored(const Strategy& strategy, const Deployment& deployment) {
  std::vector<Step> steps;
  const bool has_source = !deployment.source.empty();
  add_pins(deployment, steps);
  steps.push_back(
      monitor_step("notifyDeployStarting", "Tell the Monitor the Start", strategy, deployment, {}));
  for (const int percentage : strategy.percentages) {
    steps.push_back(grow(deployment, percentage));
    if (has_source) steps.push_back(shift(deployment, percentage));
    steps.push_back(monitor_step("evaluateDeploymentHealth", fmt::format("Judge {}%", percentage), strategy,
                                 deployment, {{"currentProgress", percentage}}));
  }
  if (has_source) add_ending(strategy, deployment, true, steps);
  if (has_source && strategy.max_remaining > 0)
    steps.push_back(tolerated(shrink(deployment, strategy.max_remaining, false)));
  steps.push_back(completed(strategy, deployment, "success", "not_performed"));
  return steps;
}

void add_monitored_failure(const Strategy& strategy, const Deployment& deployment, std::vector<Step>& steps) {
  if (strategy.kind != StrategyKind::monitored) return;
  steps.push_back(
      completed(strategy, deployment, "failure", strategy.rollback_on_failure ? "success" : "not_performed"));
}

}  // namespace gennaker::clusters
