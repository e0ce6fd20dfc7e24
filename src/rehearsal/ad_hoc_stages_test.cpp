#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "testing/builders.h"
#include "testing/demo_cloud.h"
#include "testing/rehearsals.h"

/// What clients send to POST /tasks, by the names that Deck, spin and old pipelines have for it; and the
/// names under which users' expressions find afterwards what was done.
namespace gennaker::rehearsal {
namespace {

using gennaker::testing::object;
using ::testing::Contains;
using ::testing::IsEmpty;

struct Case {
  std::string type;
  std::string fields;
  std::string effect;  ///< the kind of an operation; empty: it only looks
  std::vector<std::string>
      names;  ///< of its context or outputs, or of those of the stages that it brings along
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.type << " " << c.fields;
}

class AdHocStages : public ::testing::TestWithParam<Case> {};

/// Of the execution's stages, whichever has it.
bool knows(const model::Execution& execution, const std::string& name) {
  return std::any_of(execution.stages.begin(), execution.stages.end(), [&](const model::Stage& stage) {
    return stage.context.contains(name) || stage.outputs.contains(name);
  });
}

std::string errors_of(const model::Execution& execution) {
  std::string text;
  for (const model::Stage& stage : execution.stages) {
    if (const auto* exception = base::find(stage.context, "exception"))
      text += stage.type + ": " + base::to_text(*exception) + "\n";
  }
  return text;
}

std::vector<std::string> missing_names(const model::Execution& execution,
                                       const std::vector<std::string>& names) {
  std::vector<std::string> missing;
  std::copy_if(names.begin(), names.end(), std::back_inserter(missing),
               [&](const std::string& name) { return !knows(execution, name); });
  return missing;
}

TEST_P(AdHocStages, RunAndTellWhatTheyDid) {
  gennaker::testing::Agreeable outside;
  World world(gennaker::testing::demo_setting(), outside);
  json::object job = object(GetParam().fields);
  job["type"] = GetParam().type;
  json::object request{{"application", "demo"}, {"description", "Ad hoc"}, {"job", json::array{job}}};
  const std::string id = world.start_orchestration(std::move(request), "ann");
  ASSERT_TRUE(world.run_until_rest(id));
  const model::Execution ended = *world.execution(id);
  EXPECT_EQ(model::to_string(ended.status), "SUCCEEDED") << errors_of(ended);
  std::vector<std::string> kinds;
  for (const Performed& one : world.performed()) {
    if (one.failure.empty()) kinds.push_back(one.operation.kind);
  }
  if (GetParam().effect.empty()) {
    EXPECT_THAT(kinds, IsEmpty());
  } else {
    EXPECT_THAT(kinds, Contains(GetParam().effect));
  }
  EXPECT_THAT(missing_names(ended, GetParam().names), IsEmpty());
}

// What an operation on a server group leaves; what is sent about one.
const std::vector<std::string> of_group = {
    "deploy.server.groups", "deploy.account.name", "kato.tasks", "kato.last.task.id",
    "kato.task.lastStatus", "notification.type",   "asgName",    "serverGroupName"};
const std::vector<std::string> of_operation = {"kato.tasks", "kato.last.task.id", "kato.task.lastStatus",
                                               "notification.type", "deploy.account.name"};
const std::vector<std::string> of_deployment = {
    "deploy.server.groups", "deploy.account.name",  "kato.tasks",        "source",           "capacity",
    "capacitySnapshot",     "currentInstanceCount", "targetDesiredSize", "lastCapacityCheck"};
const std::vector<std::string> of_cluster = {"deploy.server.groups", "remainingDeployServerGroups"};
const std::vector<std::string> of_image = {"amiDetails", "deploymentDetails", "artifacts", "imageId",
                                           "imageName"};

std::vector<std::string> with(std::vector<std::string> names, std::initializer_list<std::string> more) {
  names.insert(names.end(), more);
  return names;
}

constexpr const char* group =
    R"({"cloudProvider":"local","credentials":"local","region":"local","serverGroupName":"demo-main-v003"})";
constexpr const char* old_group =
    R"({"cloudProvider":"local","credentials":"local","region":"local","serverGroupName":"demo-main-v002"})";
constexpr const char* asg = R"({"credentials":"local","regions":["local"],"asgName":"demo-main-v002"})";
constexpr const char* cluster =
    R"({"credentials":"local","regions":["local"],"cluster":"demo-main","moniker":{"app":"demo","cluster":"demo-main"}})";
constexpr const char* target =
    R"({"credentials":"local","regions":["local"],"cluster":"demo-main","target":"ancestor_asg_dynamic"})";
constexpr const char* instance =
    R"({"credentials":"local","region":"local","serverGroupName":"demo-main-v003","instanceIds":["demo-main-v003-1"],
        "instance":"demo-main-v003-1","loadBalancerNames":["demo-main"],"adjustMinIfNecessary":true})";
constexpr const char* deployment =
    R"({"account":"local","region":"local","application":"demo","stack":"main","imageId":"demo","strategy":"redblack",
        "capacity":{"min":1,"max":1,"desired":1}})";

std::string merged(const char* fields, const char* more) {
  json::object all = object(fields);
  base::merge_into(all, object(more));
  return base::to_text(all);
}

INSTANTIATE_TEST_SUITE_P(
    ServerGroups, AdHocStages,
    ::testing::Values(
        Case{"deploy", deployment, "createServerGroup", of_deployment},
        Case{"createServerGroup", deployment, "createServerGroup", of_deployment},
        Case{"cloneServerGroup",
             merged(deployment,
                    R"({"source":{"region":"local","account":"local","asgName":"demo-main-v003"}})"),
             "createServerGroup", of_deployment},
        Case{"copyLastAsg", deployment, "createServerGroup", of_deployment},
        Case{"destroyServerGroup", old_group, "destroyServerGroup", of_group},
        Case{"destroyAsg", asg, "destroyServerGroup", of_group},
        Case{"disableServerGroup", group, "disableServerGroup",
             with(of_group,
                  {"targetop.asg.disableServerGroup.name", "targetop.asg.disableServerGroup.regions"})},
        Case{"disableAsg", asg, "disableServerGroup", of_group},
        Case{"enableServerGroup", old_group, "enableServerGroup",
             with(of_group,
                  {"targetop.asg.enableServerGroup.name", "targetop.asg.enableServerGroup.regions"})},
        Case{"enableAsg", asg, "enableServerGroup", of_group},
        Case{"enableServerGroup", target, "enableServerGroup", with(of_group, {"targetReferences"})},
        Case{"resizeServerGroup", merged(group, R"({"capacity":{"min":3,"max":3,"desired":3}})"),
             "resizeServerGroup", with(of_group, {"originalCapacity.demo-main-v003", "capacitySnapshot"})},
        Case{"resizeAsg", merged(asg, R"({"capacity":{"min":3,"max":3,"desired":3}})"), "resizeServerGroup",
             with(of_group, {"originalCapacity.demo-main-v002"})},
        Case{"pinServerGroup",
             merged(group, R"({"pinCapacity":true})"),
             "",
             {"originalCapacity.demo-main-v003"}},
        Case{"captureSourceServerGroupCapacity", group, "", {"sourceServerGroupCapacitySnapshot"}},
        Case{"applySourceServerGroupCapacity",
             merged(group, R"({"sourceServerGroupCapacitySnapshot":{"min":1,"desired":2,"max":2}})"),
             "resizeServerGroup", of_operation},
        Case{"determineTargetServerGroup", target, "", {"targetReferences"}},
        Case{"determineTargetReference", target, "", {"targetReferences"}},
        Case{"bulkDestroyServerGroup",
             merged(group, R"({"serverGroupNames":["demo-main-v001","demo-main-v002"]})"),
             "destroyServerGroup", with(of_operation, {"deploy.server.groups"})},
        Case{"bulkDisableServerGroup", merged(group, R"({"serverGroupNames":["demo-main-v003"]})"),
             "disableServerGroup", with(of_operation, {"deploy.server.groups"})},
        Case{"updateLaunchConfig", merged(group, R"({"imageId":"ami-12345678"})"), "updateLaunchConfig",
             of_group},
        Case{"modifyAsgLaunchConfiguration", merged(asg, R"({"imageId":"ami-12345678"})"),
             "updateLaunchConfig", of_group},
        Case{"updateLaunchTemplate", merged(group, R"({"imageId":"ami-12345678"})"), "updateLaunchConfig",
             of_group},
        Case{"updateSecurityGroupsForServerGroup", merged(group, R"({"securityGroups":["demo"]})"),
             "updateLaunchConfig", of_group},
        Case{"rollingPush", group, "terminateInstances", of_operation},
        Case{"modifyScalingProcess",
             merged(group, R"({"action":"suspend","processes":["Launch"]})"),
             "modifyScalingProcess",
             {"scalingProcesses.demo-main-v003"}},
        Case{"modifyAwsScalingProcess",
             merged(group, R"({"action":"suspend","processes":["Launch"]})"),
             "modifyScalingProcess",
             {"scalingProcesses.demo-main-v003"}},
        Case{"upsertServerGroupTags", merged(group, R"({"tags":{"a":"b"}})"), "upsertServerGroupTags",
             of_group},
        Case{"upsertAsgTags", merged(asg, R"({"tags":{"a":"b"}})"), "upsertServerGroupTags", of_group},
        Case{"serverGroupForceCacheRefresh", group, "", {}}));

INSTANTIATE_TEST_SUITE_P(
    Clusters, AdHocStages,
    ::testing::Values(
        Case{"shrinkCluster", merged(cluster, R"({"shrinkToSize":1})"), "destroyServerGroup", of_cluster},
        Case{"disableCluster", merged(cluster, R"({"remainingEnabledServerGroups":0})"), "disableServerGroup",
             of_cluster},
        Case{"scaleDownCluster", merged(cluster, R"({"remainingFullSizeServerGroups":1})"),
             "resizeServerGroup", of_cluster},
        Case{"rollbackCluster",
             cluster,
             "disableServerGroup",
             {"rollbackTypes", "rollbackContexts", "imagesToRestore"}},
        Case{"rollbackServerGroup",
             R"({"credentials":"local","region":"local","rollbackType":"EXPLICIT","rollbackContext":{
                 "rollbackServerGroupName":"demo-main-v003","restoreServerGroupName":"demo-main-v002"}})",
             "enableServerGroup",
             {}},
        Case{"rollbackServerGroup",
             R"({"credentials":"local","region":"local","rollbackType":"PREVIOUS_IMAGE","rollbackContext":{
                 "rollbackServerGroupName":"demo-main-v003","imageName":"ami-12345678"}})",
             "createServerGroup",
             {"deploy.server.groups"}}));

INSTANTIATE_TEST_SUITE_P(Instances, AdHocStages,
                         ::testing::Values(Case{"terminateInstances", instance, "terminateInstances",
                                                with(of_operation, {"terminate.remaining.instances"})},
                                           Case{"terminateInstanceAndDecrementServerGroup", instance,
                                                "terminateInstanceAndDecrementServerGroup", of_operation},
                                           Case{"terminateInstanceAndDecrementAsg", instance,
                                                "terminateInstanceAndDecrementServerGroup", of_operation},
                                           Case{"rebootInstances", instance, "rebootInstances", of_operation},
                                           Case{"detachInstances", instance, "detachInstances", of_operation},
                                           Case{"registerInstancesWithLoadBalancer", instance,
                                                "registerInstancesWithLoadBalancer", of_operation},
                                           Case{"deregisterInstancesFromLoadBalancer", instance,
                                                "deregisterInstancesFromLoadBalancer", of_operation}));

INSTANTIATE_TEST_SUITE_P(
    Around, AdHocStages,
    ::testing::Values(
        Case{"upsertLoadBalancer", R"({"credentials":"local","region":"local","name":"new","port":8080})",
             "upsertLoadBalancer", with(of_operation, {"targets"})},
        Case{"upsertLoadBalancers",
             R"({"credentials":"local","loadBalancers":[{"name":"new","region":"local","port":8080}]})",
             "upsertLoadBalancer", with(of_operation, {"targets"})},
        Case{"upsertAmazonLoadBalancer",
             R"({"credentials":"local","availabilityZones":{"local":[]},"name":"new","port":8080})",
             "upsertLoadBalancer", with(of_operation, {"targets"})},
        Case{"deleteLoadBalancer", R"({"credentials":"local","regions":["local"],"loadBalancerName":"shop"})",
             "deleteLoadBalancer", of_operation},
        Case{"deleteAmazonLoadBalancer",
             R"({"credentials":"local","regions":["local"],"loadBalancerName":"shop"})", "deleteLoadBalancer",
             of_operation},
        Case{"upsertSecurityGroup",
             R"({"credentials":"local","region":"local","name":"web","securityGroupIngress":[],
             "ipIngress":[{"type":"tcp","startPort":80,"endPort":80,"cidr":"0.0.0.0/0"}]})",
             "upsertSecurityGroup", with(of_operation, {"targets"})},
        Case{"deleteSecurityGroup",
             R"({"credentials":"local","regions":["local"],"securityGroupName":"demo"})",
             "deleteSecurityGroup", of_operation},
        Case{"copySecurityGroup",
             R"({"credentials":"local","region":"local","securityGroupName":"demo","targetName":"other",
             "targetRegions":["local"]})",
             "upsertSecurityGroup", with(of_operation, {"targets"})},
        Case{"upsertEntityTags",
             R"({"entityRef":{"cloudProvider":"local","entityType":"servergroup","entityId":"demo-main-v003",
             "account":"local","region":"local"},"tags":[{"name":"a","value":"b"}]})",
             "",
             {"entityTagIds"}},
        Case{"bulkUpsertEntityTags",
             R"({"entityTags":[{"entityRef":{"cloudProvider":"local","entityType":"servergroup",
             "entityId":"demo-main-v003","account":"local","region":"local"},"tags":[{"name":"a","value":"b"}]}]})",
             "",
             {"entityTagIds"}},
        Case{"deleteEntityTags",
             R"({"id":"local:servergroup:demo-main-v003:local:local","tags":["a"]})",
             "",
             {}},
        Case{"createApplication",
             R"({"application":{"name":"other","email":"a@example.com"}})",
             "",
             {"application.name"}},
        Case{"updateApplication",
             R"({"application":{"name":"other","email":"a@example.com"}})",
             "",
             {"application.name"}},
        Case{"upsertApplication",
             R"({"application":{"name":"other","email":"a@example.com"}})",
             "",
             {"application.name"}},
        Case{"deleteApplication", R"({"application":{"name":"other"}})", "", {"application.name"}}));

INSTANTIATE_TEST_SUITE_P(
    ImagesAndJobs, AdHocStages,
    ::testing::Values(
        Case{"bake", R"({"account":"local","region":"local","package":"demo","source":"/src"})", "bake",
             of_image},
        Case{"findImage", cluster, "", of_image}, Case{"findImageFromCluster", cluster, "", of_image},
        Case{"findImageFromTags", R"({"credentials":"local","regions":["local"],"packageName":"demo"})", "",
             of_image},
        Case{"upsertImageTags", R"({"credentials":"local","imageNames":["demo"],"tags":{"tested":"no"}})",
             "upsertImageTags", with(of_operation, {"targets", "originalTags"})},
        Case{"deleteImage", R"({"credentials":"local","region":"local","imageIds":["ami-12345678"]})",
             "deleteImage", of_operation},
        Case{"runJob", R"({"credentials":"local","region":"local","command":"./x","outputs":{"rows":"7"}})",
             "runJob",
             with(of_operation,
                  {"deploy.jobs", "jobStatus", "completionDetails", "propertyFileContents", "rows"})},
        Case{"migrate", R"({"parameters":{"direction":"down"}})", "runJob", {"deploy.jobs", "jobStatus"}},
        Case{"destroyJob", R"({"credentials":"local","region":"local","jobName":"demo-1"})", "destroyJob",
             of_operation}));

}  // namespace
}  // namespace gennaker::rehearsal
