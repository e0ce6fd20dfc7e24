#include "clusters/stepwise_strategies.h"

#include <fmt/format.h>

#include "base/json.h"
#include "clusters/naming.h"
#include "clusters/operations.h"
#include "clusters/strategy_steps.h"

namespace gennaker::clusters {
namespace {

/// The user's description of a server group, of which the parts that are about this deployment are gone.
json::object plain_description(const Deployment& deployment) {
  json::object description = deployment.description;
  for (const std::string_view key :
       {"strategy", "rollback", "source", "target", "moniker", "canary", "termination", "strategyApplication",
        "strategyPipeline", "pipelineParameters", "pipelineBeforeCleanup"})
    description.erase(key);
  description["application"] = deployment.moniker.app;
  description["stack"] = deployment.moniker.stack;
  description["freeFormDetails"] = deployment.moniker.detail;
  return description;
}

Step push(const Strategy& strategy, const Deployment& deployment) {
  return with({"rollingPush", "Start the Instances of " + deployment.source + " Anew",
               group_context(deployment, deployment.source)},
              {{"termination", strategy.relaunch}, {"healthTimeoutMs", deployment.health_timeout.count()}});
}

std::string with_detail(const Deployment& deployment, std::string_view detail) {
  const std::string& before = deployment.moniker.detail;
  return before.empty() ? std::string(detail) : fmt::format("{}-{}", before, detail);
}

std::string cluster_with(const Deployment& deployment, std::string_view detail) {
  model::Moniker moniker = deployment.moniker;
  moniker.detail = with_detail(deployment, detail);
  return cluster_name(moniker);
}

json::object sample_size(const Strategy& strategy) {
  const int size = strategy.canary_instances;
  return capacity_json({.min = size, .max = size, .desired = size});
}

Step make_baseline(const Strategy& strategy, const Deployment& deployment) {
  json::object context{
      {"account", deployment.account},      {"cloudProvider", deployment.provider},
      {"region", deployment.region},        {"application", deployment.moniker.app},
      {"stack", deployment.moniker.stack},  {"freeFormDetails", with_detail(deployment, "baseline")},
      {"imageId", deployment.source_image}, {"capacity", sample_size(strategy)}};
  context["source"] = reference(deployment, deployment.source);
  return {"cloneServerGroup", "Deploy the Baseline", std::move(context)};
}

Step make_canary(const Strategy& strategy, const Deployment& deployment) {
  json::object context = plain_description(deployment);
  for (const std::string_view key : {"useSourceCapacity", "preferSourceCapacity"}) context.erase(key);
  context["freeFormDetails"] = with_detail(deployment, "canary");
  context["capacity"] = sample_size(strategy);
  return {"createServerGroup", "Deploy the Canary", std::move(context)};
}

Step compare(const Strategy& strategy, const Deployment& deployment) {
  json::object parameters;
  if (const auto* given = base::find_object(strategy.check_pipeline, "pipelineParameters"))
    parameters = *given;
  const auto name = [&](std::string_view detail) {
    return json::object{{"region", deployment.region},
                        {"account", deployment.account},
                        {"cloudProvider", deployment.provider},
                        {"cluster", cluster_with(deployment, detail)}};
  };
  parameters["baseline"] = name("baseline");
  parameters["canary"] = name("canary");
  parameters["sourceServerGroup"] = reference(deployment, deployment.source);
  return {"pipeline",
          "Compare Baseline and Canary",
          {{"application", strategy.check_pipeline.at("application")},
           {"pipeline", strategy.check_pipeline.at("pipelineId")},
           {"pipelineParameters", std::move(parameters)}}};
}

/// Their names are not known before they are there.
json::object newest_of(const Deployment& deployment, std::string_view detail) {
  return {{"credentials", deployment.account},
          {"cloudProvider", deployment.provider},
          {"regions", json::array{deployment.region}},
          {"cluster", cluster_with(deployment, detail)},
          {"target", "current_asg_dynamic"}};
}

std::string_view word_for(std::string_view detail) {
  return detail == "canary" ? "Canary" : "Baseline";
}

Step take_away(const Deployment& deployment, std::string_view detail) {
  return {"destroyServerGroup", fmt::format("Destroy the {}", word_for(detail)),
          newest_of(deployment, detail)};
}

Step take_away_when_cancelled(const Deployment& deployment, std::string_view detail) {
  json::object context = newest_of(deployment, detail);
  context.erase("target");
  return {"removeWhenCancelled", fmt::format("Take the {} Away if Cancelled", word_for(detail)),
          std::move(context),
          /*beside=*/true};
}

}  // namespace

std::vector<Step> after_rolling_push(const Strategy& strategy, const Deployment& deployment) {
  json::object context = plain_description(deployment);
  context["credentials"] = deployment.account;
  context["serverGroupName"] = deployment.source;
  return {{"updateLaunchConfig", "Change What " + deployment.source + " Starts", std::move(context)},
          push(strategy, deployment)};
}

std::vector<Step> undo_rolling_push(const Strategy& strategy, const Deployment& deployment) {
  if (deployment.source.empty()) return {};
  json::object context = group_context(deployment, deployment.source);
  base::merge_into(context, deployment.source_settings);
  context["imageId"] = deployment.source_image;
  context["replacesSettings"] = true;
  Step back = push(strategy, deployment);
  back.name = "Start Those of " + deployment.source + " Anew That Run It";
  back.context["launchedSince"] = base::to_millis(deployment.began);
  return {{"updateLaunchConfig", "Restore What " + deployment.source + " Starts", std::move(context)},
          std::move(back)};
}

std::vector<Step> after_custom(const Strategy& strategy, const Deployment& deployment) {
  json::object parameters = strategy.parameters;
  const json::object cluster = cluster_context(deployment);
  parameters["application"] = deployment.moniker.app;
  parameters["credentials"] = deployment.account;
  parameters["cloudProvider"] = deployment.provider;
  parameters["region"] = deployment.region;
  parameters["cluster"] = cluster.at("cluster");
  parameters["moniker"] = cluster.at("moniker");
  parameters["strategy"] = true;
  parameters["parentPipelineId"] = deployment.execution_id;
  parameters["parentStageId"] = deployment.stage_id;
  if (!deployment.image.empty()) parameters["imageId"] = deployment.image;
  // What its first deploy stage deploys.
  parameters["clusterDescription"] = plain_description(deployment);
  return {{"pipeline",
           "Deploy by Strategy",
           {{"pipelineApplication", strategy.application},
            {"pipelineId", strategy.pipeline_id},
            {"pipelineParameters", std::move(parameters)}}}};
}

std::vector<Step> after_canary(const Strategy& strategy, const Deployment& deployment) {
  std::vector<Step> steps{take_away_when_cancelled(deployment, "canary"),
                          take_away_when_cancelled(deployment, "baseline"),
                          make_baseline(strategy, deployment), make_canary(strategy, deployment)};
  add_wait(steps, "Let Them Serve", strategy.canary_time);
  if (!strategy.check_pipeline.empty()) steps.push_back(compare(strategy, deployment));
  steps.push_back(still_serves(deployment, newest_of(deployment, "canary"), "Does the Canary Still Serve?"));
  steps.push_back(take_away(deployment, "canary"));
  steps.push_back(take_away(deployment, "baseline"));
  return steps;
}

std::vector<Step> undo_canary(const Deployment& deployment) {
  std::vector<Step> steps;
  for (const std::string& name : deployment.helpers) steps.push_back(destroy(deployment, name));
  return steps;
}

}  // namespace gennaker::clusters
