#include "stages/rollback_cluster/rollback_cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/clone_server_group/clone_server_group.h"
#include "stages/create_server_group/create_server_group.h"
#include "stages/disable_cluster/disable_cluster.h"
#include "stages/disable_server_group/disable_server_group.h"
#include "stages/enable_server_group/enable_server_group.h"
#include "stages/resize_server_group/resize_server_group.h"
#include "stages/rollback_server_group/rollback_server_group.h"
#include "stages/wait/wait.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using model::Status;
using ::testing::ElementsAre;
using testing::execution;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::server_group;

class Rollbacks : public ::testing::Test {
 protected:
  Rollbacks() {
    auto catalogs = world.catalogs();
    const Infrastructure infrastructure{world.clouds(), world.guards(), world.locks()};
    add_infrastructure_tasks(catalogs, infrastructure);
    add_enable_server_group(catalogs, infrastructure);
    add_disable_server_group(catalogs, infrastructure);
    add_resize_server_group(catalogs, infrastructure);
    add_rollback_server_group(catalogs, infrastructure);
    add_clone_server_group(catalogs, infrastructure);
    add_create_server_group(catalogs, infrastructure);
    add_disable_cluster(catalogs, infrastructure);
    add_rollback_cluster(catalogs, infrastructure,
                         [this](model::ServerGroup group) { return former(std::move(group)); });
    add_wait(catalogs);
    world.guard_everything();
    world.cloud().put(server_group("shop-v001", {.up = 1, .disabled = true, .created_ms = 1}));
    world.cloud().put(server_group("shop-v002", {.up = 3, .created_ms = 2}));
  }
  base::Async<boost::json::object> former(model::ServerGroup group) {
    co_return group.name == "shop-v002" ? former_image : boost::json::object{};
  }
  Status run(const std::string& type, const std::string& context) {
    return world.run(execution({{.type = type, .context = context}}));
  }
  testing::StageWorld world;
  boost::json::object former_image;  ///< of shop-v002
};

TEST_F(Rollbacks, TheGoodOneServesBeforeTheBadOneStops) {
  ASSERT_EQ(run("rollbackServerGroup", R"({"credentials":"local","region":"here","rollbackType":"EXPLICIT",
      "rollbackContext":{"rollbackServerGroupName":"shop-v002","restoreServerGroupName":"shop-v001",
      "delayBeforeDisableSeconds":5}})"),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(world.cloud().effect_kinds(), ElementsAre("enableServerGroup", "resizeServerGroup",
                                                        "disableServerGroup", "resizeServerGroup"));
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-v001", "shop-v002 (disabled)"));
  const auto& good = world.cloud().now().server_groups[0];
  EXPECT_EQ(good.capacity.desired, 3);
  EXPECT_EQ(good.capacity.min, 1) << "the minimum is as it was";
}

TEST_F(Rollbacks, WithoutResizing) {
  ASSERT_EQ(run("rollbackServerGroup", R"({"credentials":"local","region":"here",
      "rollbackContext":{"rollbackServerGroupName":"shop-v002","restoreServerGroupName":"shop-v001",
      "enableAndDisableOnly":true}})"),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(world.cloud().effect_kinds(), ElementsAre("enableServerGroup", "disableServerGroup"));
}

TEST_F(Rollbacks, ABadOneKeepsItsTrafficWhenTheGoodOneIsSick) {
  world.cloud().put(server_group("shop-v000", {.up = 0, .down = 1, .disabled = true, .created_ms = 0}));
  EXPECT_EQ(run("rollbackServerGroup", R"({"credentials":"local","region":"here",
      "rollbackContext":{"rollbackServerGroupName":"shop-v002","restoreServerGroupName":"shop-v000"}})"),
            Status::terminal);
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-v000", "shop-v001 (disabled)", "shop-v002"));
}

TEST_F(Rollbacks, OfAClusterFindsBoth) {
  ASSERT_EQ(run("rollbackCluster", R"({"credentials":"local","regions":["here","there"],
      "moniker":{"app":"shop","cluster":"shop"}})"),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-v001", "shop-v002 (disabled)"));
  EXPECT_EQ(world.stage("rollbackCluster").outputs.at("rollbackTypes"),
            testing::object(R"({"here":"EXPLICIT"})"));
}

TEST_F(Rollbacks, OfAClusterToAGivenOne) {
  world.cloud().put(server_group("shop-v000", {.disabled = true, .created_ms = 0}));
  ASSERT_EQ(run("rollbackCluster", R"({"credentials":"local","regions":["here"],"serverGroup":"shop-v002",
      "originalServerGroup":"shop-v000"})"),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(world.server_groups(),
              ElementsAre("shop-v000", "shop-v001 (disabled)", "shop-v002 (disabled)"));
}

TEST_F(Rollbacks, OfAClusterWithNothingToGoBackTo) {
  EXPECT_EQ(run("rollbackCluster", R"({"credentials":"local","regions":["here"],"cluster":"shop",
      "additionalRollbackContext":{"onlyEnabledServerGroups":true}})"),
            Status::terminal);
  EXPECT_EQ(world.error(), "cluster 'shop' has nothing in local/here to roll 'shop-v002' back to");
}

TEST_F(Rollbacks, ToAnImageWhoseServerGroupIsGone) {
  world.cloud().put(model::Image{.id = "image-0", .name = "shop", .account = "local", .region = "here"});
  ASSERT_EQ(
      run("rollbackServerGroup", R"({"credentials":"local","region":"here","rollbackType":"PREVIOUS_IMAGE",
      "rollbackContext":{"rollbackServerGroupName":"shop-v002","imageId":"image-0"}})"),
      Status::succeeded)
      << world.error();
  EXPECT_THAT(world.server_groups(),
              ElementsAre("shop-v001 (disabled)", "shop-v002 (disabled)", "shop-v003"));
  const auto& again = world.cloud().now().server_groups[2];
  EXPECT_EQ(again.image_id, "image-0");
  EXPECT_EQ(again.capacity.desired, 3) << "as large as the one that it takes the place of";
}

TEST_F(Rollbacks, OfAClusterToTheServerGroupWithTheFormerImage) {
  world.cloud().put(server_group("shop-v000", {.disabled = true, .created_ms = 0, .image_id = "image-0"}));
  former_image = {{"imageId", "image-0"}};
  ASSERT_EQ(run("rollbackCluster", R"({"credentials":"local","regions":["here"],"cluster":"shop"})"),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(world.server_groups(),
              ElementsAre("shop-v000", "shop-v001 (disabled)", "shop-v002 (disabled)"));
}

TEST_F(Rollbacks, OfAClusterToTheFormerImageWhenNobodyRunsIt) {
  world.cloud().put(model::Image{.id = "image-0", .name = "shop", .account = "local", .region = "here"});
  former_image = {{"imageId", "image-0"}, {"imageName", "shop"}};
  ASSERT_EQ(run("rollbackCluster", R"({"credentials":"local","regions":["here"],"cluster":"shop"})"),
            Status::succeeded)
      << world.error();
  EXPECT_EQ(world.stage("rollbackCluster").outputs.at("rollbackTypes"),
            testing::object(R"({"here":"PREVIOUS_IMAGE"})"));
  EXPECT_EQ(world.stage("rollbackCluster").outputs.at("imagesToRestore").at(0),
            boost::json::value(
                testing::object(R"({"image":"shop","region":"here","rollbackMethod":"PREVIOUS_IMAGE"})")));
  EXPECT_THAT(world.server_groups(),
              ElementsAre("shop-v001 (disabled)", "shop-v002 (disabled)", "shop-v003"));
}

struct Refused {
  std::string type, context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.type << " " << c.context;
}
class RollbackFields : public Rollbacks, public ::testing::WithParamInterface<Refused> {};

TEST_P(RollbackFields, AreRefusedByName) {
  EXPECT_EQ(run(GetParam().type, GetParam().context), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, RollbackFields,
    ::testing::Values(
        Refused{"rollbackServerGroup", "{}", "account: "},
        Refused{"rollbackServerGroup", R"({"credentials":"local"})", "region: "},
        Refused{"rollbackServerGroup",
                R"({"credentials":"local","region":"here","rollbackType":"ELSEWHERE"})",
                "rollbackType: 'ELSEWHERE' is not known; there are: EXPLICIT, PREVIOUS_IMAGE"},
        Refused{"rollbackServerGroup",
                R"({"credentials":"local","region":"here","rollbackType":"PREVIOUS_IMAGE",
                "rollbackContext":{"rollbackServerGroupName":"a"}})",
                "rollbackContext.imageId: "},
        Refused{"rollbackServerGroup", R"({"credentials":"local","region":"here"})", "rollbackContext: "},
        Refused{
            "rollbackServerGroup",
            R"({"credentials":"local","region":"here","rollbackContext":{"rollbackServerGroupName":"a"}})",
            "rollbackContext.restoreServerGroupName: "},
        Refused{"rollbackServerGroup", R"({"credentials":"local","region":"here","rollbackContext":{
                "rollbackServerGroupName":"a","restoreServerGroupName":"a"}})",
                "'a' cannot take its own place"},
        Refused{"rollbackServerGroup", R"({"credentials":"local","region":"here","rollbackContext":{
                "rollbackServerGroupName":"shop-v002","restoreServerGroupName":"shop-v01"}})",
                "no server group 'shop-v01' in 'here'; did you mean 'shop-v001'?"},
        Refused{"rollbackCluster", R"({"credentials":"local","regions":["here"]})", "cluster: "},
        Refused{"rollbackCluster", R"({"credentials":"local","cluster":"shop"})", "regions: "}));

}  // namespace
}  // namespace gennaker::stages
