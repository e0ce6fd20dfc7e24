#include "stages/deploy/deploy.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "clusters/health.h"
#include "clusters/operations.h"
#include "stages/clone_server_group/clone_server_group.h"
#include "stages/create_server_group/create_server_group.h"
#include "stages/destroy_server_group/destroy_server_group.h"
#include "stages/determine_target_server_group/determine_target_server_group.h"
#include "stages/disable_cluster/disable_cluster.h"
#include "stages/disable_server_group/disable_server_group.h"
#include "stages/enable_server_group/enable_server_group.h"
#include "stages/instances/instances.h"
#include "stages/pin_server_group/pin_server_group.h"
#include "stages/resize_server_group/resize_server_group.h"
#include "stages/restore_server_groups/restore_server_groups.h"
#include "stages/rollback_server_group/rollback_server_group.h"
#include "stages/rolling_push/rolling_push.h"
#include "stages/scale_down_cluster/scale_down_cluster.h"
#include "stages/shrink_cluster/shrink_cluster.h"
#include "stages/update_launch_config/update_launch_config.h"
#include "stages/wait/wait.h"
#include "stages/wait_for_server_group/wait_for_server_group.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using namespace std::chrono_literals;
using model::Status;
using ::testing::ElementsAre;
using testing::execution;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::server_group;

class Deploy : public ::testing::Test {
 protected:
  Deploy() {
    auto catalogs = world.catalogs();
    const Infrastructure infrastructure{world.clouds(), world.guards(), world.locks()};
    add_infrastructure_tasks(catalogs, infrastructure);
    add_create_server_group(catalogs, infrastructure);
    add_deploy(catalogs);
    add_destroy_server_group(catalogs, infrastructure);
    add_disable_cluster(catalogs, infrastructure);
    add_shrink_cluster(catalogs, infrastructure);
    add_scale_down_cluster(catalogs, infrastructure);
    add_rollback_server_group(catalogs, infrastructure);
    add_disable_server_group(catalogs, infrastructure);
    add_enable_server_group(catalogs, infrastructure);
    add_resize_server_group(catalogs, infrastructure);
    add_pin_server_group(catalogs, infrastructure);
    add_restore_server_groups(catalogs, infrastructure);
    add_update_launch_config(catalogs, infrastructure);
    add_rolling_push(catalogs, infrastructure);
    add_instances(catalogs, infrastructure);
    add_wait_for_server_group(catalogs);
    add_determine_target_server_group(catalogs, infrastructure);
    add_clone_server_group(catalogs, infrastructure);
    add_wait(catalogs);
    for (const std::string region : {"here", "there"}) {
      model::Image image;
      image.id = "sha-1";
      image.name = "shop";
      image.account = "local";
      image.region = region;
      world.cloud().put(image);
    }
    world.cloud().set_time_to_healthy(20s);
  }

  /// A deploy stage with one cluster: shop-main, two instances, the image given, and `more`.
  static std::string one_cluster(const std::string& more) {
    return R"({"clusters":[{"account":"local","cloudProvider":"simulated","region":"here","application":"shop",
      "stack":"main","capacity":{"min":"2","max":2,"desired":2},"imageId":"shop","command":"./run")" +
           (more.empty() ? "" : "," + more) + "}]}";
  }
  Status deploy(const std::string& more = "") {
    return world.run(execution({{.type = "deploy", .context = one_cluster(more)}}));
  }
  const model::ServerGroup* group(const std::string& name) {
    for (const auto& one : world.cloud().now().server_groups) {
      if (one.name == name) return &one;
    }
    return nullptr;
  }

  testing::StageWorld world;
};

TEST_F(Deploy, TheFirstServerGroup) {
  EXPECT_EQ(deploy(), Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000"));
  const auto& child = world.stage("createServerGroup");
  EXPECT_EQ(child.name, "Deploy in here");
  EXPECT_EQ(child.owner, model::Owner::before);
  std::vector<std::string> tasks;
  for (const auto& task : child.tasks) tasks.push_back(task.name);
  EXPECT_THAT(tasks, ElementsAre("determineSourceServerGroup", "createServerGroup", "waitForUpInstances"));
  EXPECT_EQ(child.context.at("source"), boost::json::value(boost::json::object{}));
  const auto& operation = world.cloud().effects().front();
  EXPECT_EQ(operation.what.at("settings"), testing::object(R"({"command":"./run"})"));
  EXPECT_EQ(operation.what.at("imageId"), "sha-1") << "a name is resolved to its image";
}

TEST_F(Deploy, PassesTheProvidersFieldsOnAndNothingElse) {
  ASSERT_EQ(deploy(R"("strategy":"redblack","env":{"A":"1"},"securityGroups":[],"tags":{},"reason":"why",
      "targetGroups":["t"],"healthTimeoutMs":60000,"useSourceCapacity":false,"moniker":{"app":"shop"})"),
            Status::succeeded)
      << world.error();
  EXPECT_EQ(world.cloud().effects().front().what.at("settings"),
            testing::object(R"({"command":"./run","env":{"A":"1"},"targetGroups":["t"]})"));
}

TEST_F(Deploy, WithoutTrafficWhenAsked) {
  ASSERT_EQ(deploy(R"("startDisabled":true)"), Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000 (disabled)"));
  world.clock().advance(1s);
  EXPECT_EQ(deploy(R"("startDisabled":true,"neverHealthy":true)"), Status::terminal);
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000 (disabled)"));
}

TEST_F(Deploy, ShowsWhatItDeployed) {
  ASSERT_EQ(deploy(), Status::succeeded) << world.error();
  const auto& stage = world.stage("deploy");
  EXPECT_EQ(stage.outputs.at("deploy.server.groups"), testing::object(R"({"here":["shop-main-v000"]})"));
  const auto& tasks = stage.context.at("kato.tasks").as_array();
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].at("status").at("completed"), true);
  const auto& result = tasks[0].at("resultObjects").at(0);
  EXPECT_EQ(result.at("serverGroupNames").at(0), "here:shop-main-v000");
  EXPECT_EQ(result.at("deployments").at(0).at("serverGroupName"), "shop-main-v000");
}

TEST_F(Deploy, SeveralClustersAndRegionsSideBySide) {
  EXPECT_EQ(world.run(execution({{.type = "deploy", .context = R"({"clusters":[
      {"account":"local","availabilityZones":{"here":["here-a"],"there":[]},"application":"shop","imageId":"shop"},
      {"account":"local","region":"here","application":"shop","stack":"test","imageId":"shop"}]})"}})),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-test-v000", "shop-v000", "shop-v000"));
  EXPECT_EQ(world.stage("deploy").outputs.at("deploy.server.groups"),
            testing::object(R"({"here":["shop-v000","shop-test-v000"],"there":["shop-v000"]})"));
  for (const auto& stage : world.execution().stages) EXPECT_TRUE(stage.requisites.empty());
}

TEST_F(Deploy, StrategyNoneLeavesTheOldOneAlone) {
  ASSERT_EQ(deploy(), Status::succeeded);
  world.clock().advance(1s);
  ASSERT_EQ(deploy(), Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000", "shop-main-v001"));
  EXPECT_EQ(world.stage("createServerGroup").outputs.at("source").at("serverGroupName"), "shop-main-v000");
}

TEST_F(Deploy, RedBlackTakesTheTrafficOver) {
  ASSERT_EQ(deploy(), Status::succeeded);
  world.clock().advance(1s);
  ASSERT_EQ(deploy(R"("strategy":"redblack")"), Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000 (disabled)", "shop-main-v001"));
  EXPECT_EQ(world.stage("disableCluster").owner, model::Owner::after);
}

TEST_F(Deploy, RedBlackKeepsAsManyAsAsked) {
  const std::string limited = R"("strategy":"redblack","maxRemainingAsgs":2,"scaleDown":true,
      "delayBeforeDisableSec":30)";
  for (int version = 0; version < 4; ++version) {
    ASSERT_EQ(deploy(limited), Status::succeeded) << world.error();
    world.clock().advance(1s);
  }
  // The shrink comes before the disabling: the one that was just disabled stays, to roll back to.
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v002 (disabled)", "shop-main-v003"));
  EXPECT_TRUE(group("shop-main-v002")->instances.empty());
  EXPECT_THAT(world.stage_types(),
              ElementsAre("createServerGroup", "shrinkCluster", "wait", "waitForUpInstances",
                          "disableCluster", "scaleDownCluster", "deploy"));
}

TEST_F(Deploy, HighlanderLeavesOne) {
  ASSERT_EQ(deploy(), Status::succeeded);
  world.clock().advance(1s);
  ASSERT_EQ(deploy(), Status::succeeded);
  world.clock().advance(1s);
  ASSERT_EQ(deploy(R"("strategy":"highlander")"), Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v002"));
}

TEST_F(Deploy, ServesAllTheTime) {
  world.guard_everything();
  for (const std::string strategy : {"redblack", "highlander", "redblack"}) {
    const auto serving = [&] {
      return std::any_of(
          world.cloud().now().server_groups.begin(), world.cloud().now().server_groups.end(),
          [](const auto& one) {
            return !one.disabled &&
                   std::any_of(one.instances.begin(), one.instances.end(),
                               [](const auto& instance) { return instance.state == model::HealthState::up; });
          });
    };
    bool served = serving();
    int gaps = 0;
    world.run_until(
        execution({{.type = "deploy", .context = one_cluster("\"strategy\":\"" + strategy + "\"")}}),
        [&](const model::Execution& now) {
          if (served && !serving()) ++gaps;
          served = served || serving();
          return engine::at_rest(now);
        });
    EXPECT_EQ(world.execution().status, Status::succeeded) << world.error();
    EXPECT_EQ(gaps, 0) << strategy;
    world.clock().advance(1s);
  }
}

TEST_F(Deploy, AGuardRefusesASuccessorThatCannotServeBeforeItBegins) {
  ASSERT_EQ(deploy(), Status::succeeded);
  world.guard_everything();
  world.clock().advance(1s);
  EXPECT_EQ(deploy(R"("strategy":"redblack","startDisabled":true)"), Status::terminal);
  EXPECT_THAT(world.error(),
              HasSubstr("has traffic guards enabled. Strategy redblack would leave the cluster "
                        "with no instances up: the new server group begins without traffic"));
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000"));
}

TEST_F(Deploy, WhatNeverBecomesHealthyGoesAgain) {
  ASSERT_EQ(deploy(), Status::succeeded);
  world.clock().advance(1s);
  EXPECT_EQ(deploy(R"("strategy":"redblack","neverHealthy":true)"), Status::terminal);
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000"));
  EXPECT_EQ(testing::StageWorld::error_of(world.stage("createServerGroup")),
            "after 5 minutes: 0 of 2 instances of shop-main-v001 healthy: shop-main-v001-0 Down (connection "
            "refused), shop-main-v001-1 Down (connection refused)");
}

TEST_F(Deploy, WaitsAsLongAsTheStageSays) {
  const auto before = world.clock().now();
  EXPECT_EQ(deploy(R"("neverHealthy":true,"healthTimeoutMs":60000)"), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("after 60 s: 0 of 2"));
  EXPECT_LT(world.clock().now() - before, 2min);
}

TEST_F(Deploy, ACommandThatExitsFailsSoon) {
  const auto before = world.clock().now();
  EXPECT_EQ(deploy(R"("crashes":true)"), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("cannot become healthy: 0 of 2 instances up, 2 needed: "
                                       "shop-main-v000-0 Failed (command exited with status 1)"));
  EXPECT_LT(world.clock().now() - before, 1min);
  EXPECT_THAT(world.server_groups(), IsEmpty());
}

TEST_F(Deploy, KeepsTheFailedOneWhenAsked) {
  EXPECT_EQ(deploy(R"("crashes":true,"keepFailed":true,"rollback":{"onFailure":false})"), Status::terminal);
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000"));
}

TEST_F(Deploy, RollsBackWhenAsked) {
  ASSERT_EQ(deploy(), Status::succeeded);
  world.clock().advance(1s);
  EXPECT_EQ(deploy(R"("strategy":"redblack","crashes":true,"rollback":{"onFailure":true})"),
            Status::terminal);
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000"));
  EXPECT_EQ(world.stage("rollbackServerGroup").status, Status::succeeded);
  EXPECT_EQ(world.stage("destroyServerGroup").status, Status::succeeded);
}

TEST_F(Deploy, AFailureAfterTheNewOneServesUndoesNothing) {
  ASSERT_EQ(deploy(), Status::succeeded);
  world.clock().advance(1s);
  world.guard_everything();
  // The new one dies between its health check and the disabling.
  world.run_until(
      execution({{.type = "deploy",
                  .context = one_cluster(R"("strategy":"redblack","delayBeforeDisableSec":60)")}}),
      [&](const model::Execution& now) {
        return std::any_of(now.stages.begin(), now.stages.end(),
                           [](const auto& stage) { return stage.type == "wait"; });
      });
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000", "shop-main-v001"));
}

TEST_F(Deploy, CancelledBeforeItIsHealthyItGoesAgain) {
  world.run_until(execution({{.type = "deploy", .context = one_cluster("")}}), [&](const model::Execution&) {
    return !world.cloud().now().server_groups.empty() &&
           world.stage("createServerGroup").tasks[2].status == Status::running;
  });
  EXPECT_EQ(world.cancel(), Status::canceled);
  EXPECT_THAT(world.server_groups(), IsEmpty());
}

TEST_F(Deploy, CancelledWhileItIsCreatedItGoesAgain) {
  // Asked for, but the answer was never stored: as after a crash.
  world.run_until(
      execution({{.type = "deploy", .context = one_cluster("")}}), [&](const model::Execution& now) {
        return std::any_of(now.stages.begin(), now.stages.end(),
                           [](const auto& stage) { return stage.context.contains("serverGroupRequested"); });
      });
  EXPECT_EQ(world.cancel(), Status::canceled);
  EXPECT_THAT(world.server_groups(), IsEmpty());
  EXPECT_THAT(world.cloud().effect_kinds(), ElementsAre("createServerGroup", "destroyServerGroup"));
}

TEST_F(Deploy, CancelledBeforeItAskedThereIsNothingToTakeAway) {
  world.run_until(
      execution({{.type = "deploy", .context = one_cluster("")}}),
      [&](const model::Execution& now) { return now.stages.size() > 1 && !now.stages[0].tasks.empty(); });
  EXPECT_EQ(world.cancel(), Status::canceled);
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

TEST_F(Deploy, TakesTheImageFromTheStageBefore) {
  EXPECT_EQ(world.run(execution({{.ref_id = "1", .type = "wait", .outputs = R"({"amiDetails":[
        {"region":"there","imageId":"other"},{"region":"here","imageId":"sha-1"}]})"},
                                 {.ref_id = "2",
                                  .type = "deploy",
                                  .context = R"({"cluster":{
        "account":"local","region":"here","application":"shop"}})",
                                  .requires_stages = {"1"}}})),
            Status::succeeded)
      << world.error();
  EXPECT_EQ(group("shop-v000")->image_id, "sha-1");
}

TEST_F(Deploy, CopiesTheCapacityOfItsSource) {
  ASSERT_EQ(deploy(), Status::succeeded);
  world.clock().advance(1s);
  ASSERT_EQ(deploy(R"("useSourceCapacity":true,"capacity":{"desired":7})"), Status::succeeded)
      << world.error();
  EXPECT_EQ(group("shop-main-v001")->capacity.desired, 2);
}

TEST_F(Deploy, WithoutASourceThereIsNoCapacityToCopy) {
  EXPECT_EQ(deploy(R"("useSourceCapacity":true)"), Status::terminal);
  EXPECT_THAT(world.error(),
              HasSubstr("useSourceCapacity: cluster 'shop-main' has no server group in 'here'"));
  EXPECT_EQ(deploy(R"("useSourceCapacity":true,"preferSourceCapacity":true)"), Status::succeeded)
      << world.error();
}

TEST_F(Deploy, HappensOnceWhateverBreaks) {
  for (std::uint64_t round = 0; round < 30; ++round) {
    SCOPED_TRACE(round);
    world.cloud().set_faults(
        {.crash_before = 0.2, .crash_after = 0.2, .lost_answer = 0.2, .doubled_call = 0.2});
    ASSERT_EQ(deploy(R"("strategy":"redblack","maxRemainingAsgs":2)"), Status::succeeded) << world.error();
    world.clock().advance(1s);
    EXPECT_LE(world.server_groups().size(), 2u);
    EXPECT_EQ(group(world.server_groups().back().substr(0, 14))->instances.size(), 2u);
  }
  EXPECT_EQ(world.cloud().operations_run_twice(), 0);
}

TEST_F(Deploy, WithoutClustersThereIsNothingToDo) {
  EXPECT_EQ(world.run(execution({{.type = "deploy", .context = R"({"clusters":[]})"}})), Status::succeeded);
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

struct Refused {
  std::string name, context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.name;
}
class DeployRefuses : public Deploy, public ::testing::WithParamInterface<Refused> {};

TEST_P(DeployRefuses, AndChangesNothing) {
  EXPECT_EQ(world.run(execution({{.type = "deploy", .context = GetParam().context}})), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
  EXPECT_THAT(world.server_groups(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Contexts, DeployRefuses,
    ::testing::Values(
        Refused{"no list", R"({"clusters":{}})", "clusters: a list of cluster descriptions is needed"},
        Refused{"no object", R"({"clusters":["shop"]})", "clusters[0]: an object is needed"},
        Refused{"no account", R"({"clusters":[{"region":"here"}]})", "clusters[0].account: "},
        Refused{"two accounts", R"({"clusters":[{"account":"a","credentials":"b","region":"here"}]})",
                "clusters[0].account: 'a' differs from credentials 'b'"},
        Refused{"no region", R"({"clusters":[{"account":"local"}]})", "clusters[0].region: "},
        Refused{"a bad stack", R"({"clusters":[{"account":"local","region":"here","stack":"a-b"}]})",
                "clusters[0].stack: 'a-b' may hold letters"},
        Refused{"a bad detail", R"({"cluster":{"account":"local","region":"here","freeFormDetails":"a b"}})",
                "cluster.freeFormDetails: 'a b'"},
        Refused{"capacity is no number",
                R"({"account":"local","region":"here","capacity":{"desired":"${n}"}})",
                "capacity.desired: a whole number from 0 to 100000 is needed, not \"${n}\""},
        Refused{"capacity upside down",
                R"({"account":"local","region":"here","capacity":{"min":3,"desired":2}})",
                "capacity: min 3, desired 2, max 2"},
        Refused{"an unknown strategy", R"({"account":"local","region":"here","strategy":"rolling"})",
                "strategy: 'rolling' is not known; there are: none, highlander, redblack, "},
        Refused{"a percentage", R"({"account":"local","region":"here","targetHealthyDeployPercentage":101})",
                "targetHealthyDeployPercentage: "},
        Refused{"an expression without a value", R"({"account":"local","region":"here","imageId":"${x}"})",
                "imageId: the expression '${x}' has no value"},
        Refused{"an unknown account", R"({"account":"locale","region":"here","imageId":"shop"})",
                "account 'locale' is not configured; did you mean 'local'?"},
        Refused{"another provider",
                R"({"account":"local","cloudProvider":"aws","region":"here","imageId":"shop"})",
                "cloudProvider: account 'local' belongs to 'simulated', not to 'aws'"},
        Refused{"no image anywhere", R"({"account":"local","region":"here"})",
                "imageId: no image found for region 'here'"},
        Refused{"an unknown image", R"({"account":"local","region":"here","imageId":"shap"})",
                "imageId: account 'local' has no image 'shap' in 'here'; did you mean 'shop'?"},
        Refused{"an unknown load balancer",
                R"({"account":"local","region":"here","imageId":"shop","loadBalancers":["front"]})",
                "loadBalancers: account 'local' has no load balancer 'front' in 'here'"}));

/// Four serve, and may shrink to two.
class RollingDeploy : public Deploy {
 protected:
  RollingDeploy() {
    auto old = server_group("shop-main-v000", {.up = 4});
    old.capacity = {.min = 2, .max = 6, .desired = 4};
    old.image_id = "sha-1";
    world.cloud().put(old);
  }
  Status roll(const std::string& more = "") {
    return deploy(R"("strategy":"rollingredblack","targetPercentages":[25,50,100])" +
                  (more.empty() ? "" : "," + more));
  }
  int serving() {
    int up = 0;
    for (const auto& one : world.cloud().now().server_groups)
      for (const auto& instance : one.instances) up += instance.state == model::HealthState::up ? 1 : 0;
    return up;
  }
  std::string size(const std::string& name) {
    const auto& capacity = group(name)->capacity;
    return fmt::format("{}/{}/{}", capacity.min, capacity.desired, capacity.max);
  }
};

TEST_F(RollingDeploy, KeepsAsManyServingAsBefore) {
  world.run_until(
      execution(
          {{.type = "deploy",
            .context = one_cluster(R"("strategy":"rollingredblack","targetPercentages":[25,50,100])")}}),
      [this](const model::Execution& now) {
        EXPECT_GE(serving(), 4);
        return engine::at_rest(now);
      });
  ASSERT_EQ(world.execution().status, Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000 (disabled)", "shop-main-v001"));
  EXPECT_EQ(size("shop-main-v001"), "2/4/6") << "as large as the old one was";
  EXPECT_EQ(size("shop-main-v000"), "2/4/6") << "unpinned";
  EXPECT_THAT(world.cloud().effect_kinds(),
              ElementsAre("createServerGroup", "resizeServerGroup", "resizeServerGroup", "disableServerGroup",
                          "resizeServerGroup", "disableServerGroup", "resizeServerGroup",
                          "disableServerGroup", "resizeServerGroup"));
}

TEST_F(RollingDeploy, RestoresWhatWasBeforeWhenAStepFails) {
  EXPECT_EQ(roll(R"("neverHealthy":true,"rollback":{"onFailure":true})"), Status::terminal);
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000", "shop-main-v001 (disabled)"));
  EXPECT_EQ(size("shop-main-v000"), "2/4/6");
  EXPECT_EQ(serving(), 4);
}

TEST_F(RollingDeploy, DestroysTheNewOneWhenAskedTo) {
  EXPECT_EQ(roll(R"("neverHealthy":true,"rollback":{"onFailure":true,"destroyLatest":true})"),
            Status::terminal);
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000"));
  EXPECT_EQ(size("shop-main-v000"), "2/4/6");
}

TEST_F(RollingDeploy, UnpinsWhenItIsCancelled) {
  world.run_until(execution({{.type = "deploy", .context = one_cluster(R"("strategy":"rollingredblack",
          "targetPercentages":[50,100],"delayBeforeCleanup":600)")}}),
                  [](const model::Execution& now) {
                    return std::any_of(now.stages.begin(), now.stages.end(), [](const auto& stage) {
                      return stage.type == "wait" && stage.status == Status::running;
                    });
                  });
  EXPECT_EQ(size("shop-main-v000"), "4/4/6") << "pinned";
  EXPECT_EQ(size("shop-main-v001"), "2/2/2");
  EXPECT_EQ(world.cancel(), Status::canceled);
  EXPECT_EQ(size("shop-main-v000"), "2/4/6");
  EXPECT_EQ(size("shop-main-v001"), "2/2/6");
}

TEST_F(RollingDeploy, EmptiesTheOldOneWhenAskedTo) {
  ASSERT_EQ(roll(R"("scaleDown":true)"), Status::succeeded) << world.error();
  EXPECT_EQ(size("shop-main-v000"), "0/0/0");
}

/// What fails once the new server group serves, and what is as it was afterwards.
class RollBack : public RollingDeploy {
 protected:
  /// The cluster, its sizes and its traffic.
  std::string cluster() {
    std::string all;
    for (const auto& one : world.cloud().now().server_groups) {
      if (one.moniker.cluster != "shop-main") continue;
      all += fmt::format("{} {} {} {}; ", one.name, size(one.name), one.disabled ? "off" : "on",
                         clusters::count_up(one, std::nullopt));
    }
    return all;
  }
  /// The next server group's instances die as soon as the strategy's steps begin.
  Status deploy_what_dies(const std::string& more) {
    world.guard_everything();
    world.run_until(execution({{.type = "deploy", .context = one_cluster(more)}}),
                    [](const model::Execution& now) {
                      return std::any_of(now.stages.begin(), now.stages.end(), [](const auto& stage) {
                        return stage.owner == model::Owner::after && stage.type == "wait";
                      });
                    });
    auto dead = server_group("shop-main-v001", {.up = 0, .down = 2});
    dead.capacity = {.min = 2, .max = 2, .desired = 2};
    world.cloud().put(dead);
    return world.resume();
  }
};

TEST_F(RollBack, RedBlackWhoseNewServerGroupDies) {
  const std::string before = cluster();
  EXPECT_EQ(deploy_what_dies(R"("strategy":"redblack","delayBeforeDisableSec":60,
      "rollback":{"onFailure":true,"destroyLatest":true})"),
            Status::terminal);
  EXPECT_EQ(cluster(), before);
  EXPECT_EQ(world.stage("restoreServerGroups").status, Status::succeeded) << world.error();
}

TEST_F(RollBack, TellsWhenWhatServedIsGone) {
  world.run_until(execution({{.type = "deploy", .context = one_cluster(R"("strategy":"redblack",
      "delayBeforeDisableSec":60,"rollback":{"onFailure":true})")}}),
                  [](const model::Execution& now) {
                    return std::any_of(now.stages.begin(), now.stages.end(),
                                       [](const auto& stage) { return stage.type == "wait"; });
                  });
  world.guard_everything();
  // A person removes the old one, so that the disabling is refused for the new one's sake.
  world.cloud().carry_out(clusters::destroy_server_group("by-hand", {"local", "here", "shop-main-v000"}));
  world.cloud().carry_out(clusters::destroy_server_group("by-hand-2", {"local", "here", "shop-main-v001"}));
  EXPECT_EQ(world.resume(), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("has no server group"));
}

class RollingPushed : public RollBack {};

TEST_F(RollingPushed, StartsEachInstanceAnewWithTheNewImage) {
  model::Image image;
  image.id = "sha-2";
  image.name = "shop-2";
  image.account = "local";
  image.region = "here";
  world.cloud().put(image);
  int fewest = 4;
  world.run_until(execution({{.type = "deploy", .context = one_cluster(R"("strategy":"rollingpush",
      "imageId":"sha-2","termination":{"concurrentRelaunches":1})")}}),
                  [&](const model::Execution& now) {
                    fewest = std::min(fewest, serving());
                    return engine::at_rest(now);
                  });
  ASSERT_EQ(world.execution().status, Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000"));
  EXPECT_EQ(group("shop-main-v000")->image_id, "sha-2");
  EXPECT_EQ(fewest, 3) << "one at a time";
  EXPECT_EQ(serving(), 4);
}

TEST_F(RollingPushed, GoesBackWhenTheNewOneIsNotHealthy) {
  const std::string image = group("shop-main-v000")->image_id;
  const std::string before = cluster();
  EXPECT_EQ(deploy(R"("strategy":"rollingpush","neverHealthy":true,"rollback":{"onFailure":true})"),
            Status::terminal);
  EXPECT_EQ(cluster(), before);
  EXPECT_EQ(group("shop-main-v000")->image_id, image);
  EXPECT_FALSE(group("shop-main-v000")->launch_config.contains("neverHealthy"));
}

TEST_F(RollingPushed, NeedsAServerGroup) {
  world.cloud().carry_out(clusters::destroy_server_group("by-hand", {"local", "here", "shop-main-v000"}));
  EXPECT_EQ(deploy(R"("strategy":"rollingpush")"), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("strategy: cluster 'shop-main' has no server group in 'here'"));
}

class Canaries : public RollBack {};

TEST_F(Canaries, ServeBesideProductionForAWhile) {
  const std::string before = cluster();
  std::size_t most = 0;
  world.run_until(execution({{.type = "deploy", .context = one_cluster(R"("strategy":"canary",
      "canary":{"instances":1,"seconds":60})")}}),
                  [&](const model::Execution& now) {
                    most = std::max(most, world.server_groups().size());
                    return engine::at_rest(now);
                  });
  ASSERT_EQ(world.execution().status, Status::succeeded) << world.error();
  EXPECT_EQ(most, 3u);
  EXPECT_EQ(cluster(), before);
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000"));
}

TEST_F(Canaries, GoWhenOneIsNotHealthy) {
  EXPECT_EQ(deploy(R"("strategy":"canary","neverHealthy":true)"), Status::terminal);
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-v000"));
}

}  // namespace
}  // namespace gennaker::stages
