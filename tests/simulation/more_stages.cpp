#include <fmt/format.h>

#include "base/json.h"
#include "clusters/naming.h"
#include "configs.h"
#include "random_pipelines.h"

/// Stages and strategies that are drawn for Variety::all.
namespace gennaker::simulation {
namespace {

json::array numbers(std::initializer_list<int> list) {
  json::array all;
  for (const int number : list) all.push_back(number);
  return all;
}

json::object on_group(std::string_view type, const std::string& name) {
  return {{"type", type},
          {"cloudProvider", "local"},
          {"credentials", "local"},
          {"region", "here"},
          {"serverGroupName", name}};
}

}  // namespace

/// It may not be there, or be there no more.
std::string SceneMaker::some_server_group(const std::string& cluster) {
  return clusters::server_group_name(cluster, 1 + below(3));
}

void SceneMaker::vary_deployment(json::object& description) {
  const std::string strategy =
      one_of({"redblack", "rollingredblack", "rollingredblack", "monitored", "rollingpush", "canary",
              base::string_or(description, "strategy", "").c_str()});
  description["strategy"] = strategy;
  description["targetPercentages"] =
      one_of({numbers({50, 100}), numbers({25, 75}), numbers({100}), numbers({10, 20, 30})});
  if (strategy == "monitored") {
    description["deploySteps"] = one_of({numbers({10, 40, 100}), numbers({50})});
    description["deploymentMonitor"] = {{"id", "judge"}};
    if (chance(50)) description["failureActions"] = {{"rollback", one_of({"None", "Automatic"})}};
  }
  if (strategy == "canary") description["canary"] = {{"instances", 1 + below(2)}, {"seconds", below(300)}};
  if (strategy == "rollingpush")
    description["termination"] = {{"concurrentRelaunches", 1 + below(2)},
                                  {"order", one_of({"oldest", "newest"})}};
  if (chance(50)) description["rollback"] = {{"onFailure", true}, {"destroyLatest", chance(50)}};
  if (chance(20)) description["delayBeforeCleanup"] = below(120);
  if (chance(20)) description["useSourceCapacity"] = true;
  if (chance(10)) description["startDisabled"] = true;
  if (chance(10)) description["targetHealthyDeployPercentage"] = one_of({0, 50, 100});
}

json::object SceneMaker::make_resize(const std::string& cluster) {
  json::object stage = on_server_group("resizeServerGroup", cluster);
  stage["action"] =
      one_of({"scale_exact", "scale_up", "scale_down", "scale_to_cluster", "scale_to_server_group"});
  if (stage["action"] == "scale_exact") {
    stage["capacity"] = {{one_of({"min", "max", "desired"}), below(4)}};
  } else if (chance(50)) {
    stage["scalePct"] = 25 * (1 + below(5));
  } else {
    stage["scaleNum"] = 1 + below(2);
  }
  if (stage["action"] == "scale_to_server_group")
    stage["source"] = {
        {"serverGroupName", some_server_group(cluster)}, {"region", "here"}, {"account", "local"}};
  if (chance(20)) stage["pinCapacity"] = true;
  if (chance(20)) stage["pinMinimumCapacity"] = true;
  return stage;
}

json::object SceneMaker::make_pin(const std::string& cluster) {
  json::object stage = on_server_group(
      one_of({"pinServerGroup", "captureSourceServerGroupCapacity", "applySourceServerGroupCapacity"}),
      cluster);
  if (chance(30)) stage[one_of({"pinCapacity", "unpinMinimumCapacity", "unpinCapacity"})] = true;
  return stage;
}

json::object SceneMaker::make_instances(const std::string& cluster) {
  const std::string name = some_server_group(cluster);
  json::object stage = on_group(
      one_of({"terminateInstances", "rebootInstances", "detachInstances", "registerInstancesWithLoadBalancer",
              "deregisterInstancesFromLoadBalancer", "terminateInstanceAndDecrementServerGroup"}),
      name);
  stage["instanceIds"] = list_of(fmt::format("{}-{}", name, below(2)));
  stage["instance"] = fmt::format("{}-{}", name, below(2));
  stage["loadBalancerNames"] = list_of("shop-front");
  if (chance(50)) stage["decrementDesiredCapacity"] = true;
  if (chance(50)) stage["terminateDetachedInstances"] = true;
  if (chance(50)) stage["adjustMinIfNecessary"] = true;
  return stage;
}

json::object SceneMaker::make_clone(const std::string& cluster) {
  json::object stage = {{"type", "cloneServerGroup"}, {"cloudProvider", "local"},
                        {"account", "local"},         {"region", "here"},
                        {"application", "shop"},      {"stack", cluster.substr(5)}};
  if (chance(50)) stage["target"] = one_of({"current_asg_dynamic", "ancestor_asg_dynamic"});
  if (chance(50)) stage["strategy"] = one_of({"redblack", "highlander", "rollingredblack"});
  if (chance(30)) stage["capacity"] = {{"desired", 1 + below(2)}};
  if (chance(50)) stage["rollback"] = {{"onFailure", true}};
  return stage;
}

json::object SceneMaker::make_rollback(const std::string& cluster) {
  if (chance(60)) {
    json::object stage = on_cluster("rollbackCluster", cluster);
    if (chance(30))
      stage["additionalRollbackContext"] = {{one_of({"enableAndDisableOnly", "disableOnly"}), true}};
    return stage;
  }
  json::object context{{"rollbackServerGroupName", some_server_group(cluster)}};
  const bool image = chance(50);
  if (image) {
    context["imageId"] = one_of({"image-1", "image-2"});
  } else {
    context["restoreServerGroupName"] = some_server_group(cluster);
  }
  return {{"type", "rollbackServerGroup"},
          {"credentials", "local"},
          {"region", "here"},
          {"rollbackType", image ? "PREVIOUS_IMAGE" : "EXPLICIT"},
          {"rollbackContext", std::move(context)}};
}

json::object SceneMaker::make_image_stage() {
  json::object stage{{"credentials", "local"}, {"region", "here"}, {"regions", list_of("here")}};
  stage["type"] = one_of({"findImage", "findImageFromTags", "upsertImageTags", "deleteImage"});
  if (stage["type"] == "findImage") stage["cluster"] = one_of({"shop-a", "shop-b"});
  if (stage["type"] == "findImageFromTags") stage["packageName"] = "shop";
  if (stage["type"] == "upsertImageTags") {
    stage["imageNames"] = list_of(one_of({"shop", "image-2"}));
    stage["tags"] = {{"tested", one_of({"yes", "no"})}};
  }
  // The first two are what deployments take: a world without images shows little.
  if (stage["type"] == "deleteImage") stage["imageIds"] = list_of("image-3");
  return stage;
}

json::object SceneMaker::make_job() {
  return {{"type", "runJob"},
          {"credentials", "local"},
          {"region", "here"},
          {"application", "shop"},
          {"command", "./job"},
          {"runsFor", 1'000 * below(600)},
          {"exitCode", chance(20) ? 1 : 0},
          {"waitForCompletion", chance(80)}};
}

json::object SceneMaker::make_another_stage(const std::string& cluster) {
  switch (below(14)) {
    case 0:
    case 1:
      return make_resize(cluster);
    case 2:
      return make_pin(cluster);
    case 3:
    case 4:
      return make_instances(cluster);
    case 5:
      return make_clone(cluster);
    case 6:
      return make_rollback(cluster);
    case 7:
      return make_image_stage();
    case 8:
      return make_job();
    case 9: {
      json::object stage = on_server_group(one_of({"disableServerGroup", "enableServerGroup"}), cluster);
      stage["desiredPercentage"] = one_of({0, 50, 100});
      return stage;
    }
    case 10: {
      json::object stage = on_server_group("updateLaunchConfig", cluster);
      stage["imageId"] = one_of({"image-1", "image-2"});
      return stage;
    }
    case 11: {
      json::object stage = on_group("rollingPush", some_server_group(cluster));
      stage["termination"] = {{"concurrentRelaunches", 1 + below(2)}};
      return stage;
    }
    case 12: {
      json::object stage =
          on_server_group(one_of({"upsertServerGroupTags", "modifyScalingProcess"}), cluster);
      stage["tags"] = {{"team", one_of({"blue", "green"})}};
      stage["action"] = one_of({"suspend", "resume"});
      stage["processes"] = list_of("Launch");
      return stage;
    }
    default: {
      json::object stage = on_group(one_of({"bulkDestroyServerGroup", "bulkDisableServerGroup"}), "");
      stage["serverGroupNames"] = list_of(some_server_group(cluster));
      return stage;
    }
  }
}

}  // namespace gennaker::simulation
