#include "clusters/strategy_steps.h"

#include <fmt/format.h>

#include "base/json.h"
#include "clusters/naming.h"
#include "clusters/operations.h"

namespace gennaker::clusters {
namespace {

json::object limited(json::object context, std::chrono::milliseconds limit) {
  context["stageTimeoutMs"] = limit.count();
  return context;
}

}  // namespace

json::object cluster_context(const Deployment& deployment) {
  const std::string cluster = cluster_name(deployment.moniker);
  json::object moniker{{"app", deployment.moniker.app}, {"cluster", cluster}};
  if (!deployment.moniker.stack.empty()) moniker["stack"] = deployment.moniker.stack;
  if (!deployment.moniker.detail.empty()) moniker["detail"] = deployment.moniker.detail;
  return {{"credentials", deployment.account},
          {"cloudProvider", deployment.provider},
          {"cluster", cluster},
          {"moniker", std::move(moniker)},
          {"regions", json::array{deployment.region}}};
}

json::object group_context(const Deployment& deployment, const std::string& name) {
  return {{"credentials", deployment.account},
          {"cloudProvider", deployment.provider},
          {"region", deployment.region},
          {"serverGroupName", name}};
}

json::object reference(const Deployment& deployment, const std::string& name) {
  return {{"region", deployment.region},
          {"account", deployment.account},
          {"cloudProvider", deployment.provider},
          {"serverGroupName", name}};
}

Step with(Step step, const json::object& more) {
  base::merge_into(step.context, more);
  return step;
}

void add_wait(std::vector<Step>& steps, std::string name, std::chrono::seconds time) {
  if (time > std::chrono::seconds(0))
    steps.push_back({"wait", std::move(name), {{"waitTime", time.count()}}});
}

Step tolerated(Step step) {
  return with(std::move(step), {{"failPipeline", false}, {"continuePipeline", true}});
}

Step grow(const Deployment& deployment, int percentage) {
  Step step{"resizeServerGroup", fmt::format("Grow {} to {}%", deployment.created, percentage),
            group_context(deployment, deployment.created)};
  step.context["healthTimeoutMs"] = deployment.health_timeout.count();
  if (deployment.source.empty()) {
    model::Capacity part = deployment.wanted;
    if (percentage < 100) part.desired = part.min = part.max = (part.desired * percentage + 99) / 100;
    return with(std::move(step), {{"action", "scale_exact"}, {"capacity", capacity_json(part)}});
  }
  json::object more{{"action", "scale_to_server_group"},
                    {"scalePct", percentage},
                    {"source", group_context(deployment, deployment.source)}};
  if (percentage < 100) {
    more["pinCapacity"] = true;
  } else {
    // The source is pinned; its successor is to be as it was before.
    more["unpinMinimumCapacity"] = true;
    more["savedCapacity"] = capacity_json(deployment.source_capacity);
  }
  return with(std::move(step), more);
}

Step pin_source(const Deployment& deployment) {
  return with({"pinServerGroup", "Pin " + deployment.source, group_context(deployment, deployment.source)},
              {{"pinMinimumCapacity", true}});
}

Step unpin_source(const Deployment& deployment) {
  return with({"pinServerGroup", "Unpin " + deployment.source, group_context(deployment, deployment.source)},
              {{"unpinMinimumCapacity", true}, {"savedCapacity", capacity_json(deployment.source_capacity)}});
}

model::Capacity final_capacity(const Deployment& deployment) {
  return deployment.source.empty() ? deployment.wanted : deployment.source_capacity;
}

Step unpin_created(const Deployment& deployment) {
  return with(
      {"pinServerGroup", "Unpin " + deployment.created, group_context(deployment, deployment.created)},
      {{"unpinCapacity", true}, {"savedCapacity", capacity_json(final_capacity(deployment))}});
}

Step keep_pinned(const Deployment& deployment, const std::string& name, const model::Capacity& saved) {
  Step step = with({"keepPinned", "Keep " + name + " Pinned", group_context(deployment, name)},
                   {{"savedCapacity", capacity_json(saved)}});
  step.beside = true;
  return step;
}

Step still_serves(const Deployment& deployment, json::object where, std::string name) {
  return with({"waitForUpInstances", std::move(name), std::move(where)},
              {{"healthTimeoutMs", deployment.health_timeout.count()},
               {"targetHealthyDeployPercentage", deployment.healthy_percentage}});
}

Step still_serves(const Deployment& deployment) {
  return still_serves(deployment, group_context(deployment, deployment.created),
                      fmt::format("Does {} Still Serve?", deployment.created));
}

Step shift(const Deployment& deployment, int percentage) {
  return with({"disableServerGroup", fmt::format("Disable {}% of {}", percentage, deployment.source),
               group_context(deployment, deployment.source)},
              {{"desiredPercentage", percentage}});
}

Step check(const Strategy& strategy, const Deployment& deployment, int percentage) {
  json::object parameters;
  if (const auto* given = base::find_object(strategy.check_pipeline, "pipelineParameters"))
    parameters = *given;
  parameters["deployedServerGroup"] = reference(deployment, deployment.created);
  if (!deployment.source.empty()) parameters["sourceServerGroup"] = reference(deployment, deployment.source);
  parameters["percentageComplete"] = percentage;
  return {"pipeline",
          "Run Pipeline Before Cleanup",
          {{"application", strategy.check_pipeline.at("application")},
           {"pipeline", strategy.check_pipeline.at("pipelineId")},
           {"pipelineParameters", std::move(parameters)}}};
}

Step disable(const Deployment& deployment, const std::string& name) {
  return {"disableServerGroup", "Disable " + name, group_context(deployment, name)};
}

Step destroy(const Deployment& deployment, const std::string& name) {
  return {"destroyServerGroup", "Destroy " + name, limited(group_context(deployment, name), clean_up_limit)};
}

Step scale_down_others(const Deployment& deployment, bool also_active) {
  return with({"scaleDownCluster", "Scale Down Cluster", cluster_context(deployment)},
              {{"remainingFullSizeServerGroups", 1},
               {"allowScaleDownActive", also_active},
               {"preferLargerOverNewer", false}});
}

Step shrink(const Deployment& deployment, int keep, bool also_active) {
  return with({"shrinkCluster", "Shrink Cluster", cluster_context(deployment)},
              {{"shrinkToSize", keep}, {"allowDeleteActive", also_active}, {"retainLargerOverNewer", false}});
}

Step restore(const Deployment& deployment) {
  json::array before;
  for (const GroupBefore& group : deployment.before) {
    before.push_back(json::object{{"serverGroupName", group.name},
                                  {"capacity", capacity_json(group.capacity)},
                                  {"enabled", group.enabled}});
  }
  json::object context{{"credentials", deployment.account},
                       {"cloudProvider", deployment.provider},
                       {"region", deployment.region},
                       {"serverGroups", std::move(before)},
                       {"healthTimeoutMs", deployment.health_timeout.count()}};
  return {"restoreServerGroups", "Restore What Was Before", limited(std::move(context), rollback_limit)};
}

}  // namespace gennaker::clusters
