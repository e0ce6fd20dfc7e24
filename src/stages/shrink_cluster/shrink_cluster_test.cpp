#include "stages/shrink_cluster/shrink_cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/disable_cluster/disable_cluster.h"
#include "stages/scale_down_cluster/scale_down_cluster.h"
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

/// shop: v000 (no traffic), v001 and v002 here; v000 there.
class ClusterStages : public ::testing::Test {
 protected:
  ClusterStages() {
    auto catalogs = world.catalogs();
    const Infrastructure infrastructure{world.clouds(), world.guards(), world.locks()};
    add_disable_cluster(catalogs, infrastructure);
    add_shrink_cluster(catalogs, infrastructure);
    add_scale_down_cluster(catalogs, infrastructure);
    world.cloud().put(server_group("shop-v000", {.disabled = true, .created_ms = 1}));
    world.cloud().put(server_group("shop-v001", {.up = 2, .created_ms = 2}));
    world.cloud().put(server_group("shop-v002", {.created_ms = 3}));
  }
  Status run(const std::string& type, const std::string& more) {
    return world.run(execution({{.type = type, .context = R"({"credentials":"local","regions":["here"],
        "cluster":"shop")" + more + "}"}}));
  }
  testing::StageWorld world;
};

TEST_F(ClusterStages, DisableAllButTheNewest) {
  ASSERT_EQ(run("disableCluster", ""), Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(),
              ElementsAre("shop-v000 (disabled)", "shop-v001 (disabled)", "shop-v002"));
  EXPECT_EQ(world.stage("disableCluster").context.at("deploy.server.groups"),
            testing::object(R"({"here":["shop-v001"]})"));
  EXPECT_EQ(world.stage("disableCluster").context.at("remainingDeployServerGroups"),
            testing::object(R"({"here":["shop-v000","shop-v002"]})"));
}

TEST_F(ClusterStages, DisableAllButTheLargest) {
  ASSERT_EQ(run("disableCluster", R"(,"preferLargerOverNewer":"true")"), Status::succeeded);
  EXPECT_THAT(world.server_groups(),
              ElementsAre("shop-v000 (disabled)", "shop-v001", "shop-v002 (disabled)"));
}

TEST_F(ClusterStages, ShrinkSparesWhatServes) {
  ASSERT_EQ(run("shrinkCluster", R"(,"shrinkToSize":1)"), Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-v001", "shop-v002"));
}

TEST_F(ClusterStages, ShrinkTakesTheTrafficAwayFirst) {
  ASSERT_EQ(run("shrinkCluster", R"(,"shrinkToSize":"1","allowDeleteActive":true)"), Status::succeeded);
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-v002"));
  EXPECT_THAT(world.cloud().effect_kinds(),
              ElementsAre("disableServerGroup", "destroyServerGroup", "destroyServerGroup"));
}

TEST_F(ClusterStages, ScaleDownEmptiesWhatDoesNotServe) {
  ASSERT_EQ(run("scaleDownCluster", R"(,"remainingFullSizeServerGroups":2)"), Status::succeeded)
      << world.error();
  EXPECT_TRUE(world.cloud().now().server_groups[0].instances.empty());
  EXPECT_EQ(world.cloud().effects().size(), 1u);
}

TEST_F(ClusterStages, ShrinkToNothing) {
  ASSERT_EQ(
      world.run(execution({{.ref_id = "1", .type = "shrinkCluster", .context = R"({"credentials":"local",
      "regions":["nowhere"],"cluster":"shop","shrinkToSize":0})"},
                           {.ref_id = "2",
                            .type = "shrinkCluster",
                            .context = R"({"credentials":"local",
      "regions":["here"],"cluster":"shop","shrinkToSize":0,"allowDeleteActive":true})",
                            .requires_stages = {"1"}}})),
      Status::succeeded)
      << world.error();
  EXPECT_THAT(world.server_groups(), IsEmpty());
}

TEST_F(ClusterStages, AGuardLooksAtAllTogether) {
  world.guard_everything();
  EXPECT_EQ(run("disableCluster", R"(,"remainingEnabledServerGroups":0)"), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("Disabling [shop-v002, shop-v001] would leave the cluster with no"));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

TEST_F(ClusterStages, SurviveFaults) {
  world.cloud().set_faults(
      {.crash_before = 0.3, .crash_after = 0.3, .lost_answer = 0.3, .doubled_call = 0.3});
  ASSERT_EQ(run("shrinkCluster", R"(,"allowDeleteActive":true)"), Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-v002"));
  EXPECT_EQ(world.cloud().operations_run_twice(), 0);
}

TEST_F(ClusterStages, ForgetWhatTheyFoundBeforeARestart) {
  ASSERT_EQ(run("disableCluster", ""), Status::succeeded);
  model::Stage stage = world.stage("disableCluster");
  world.catalogs().stages.find("disableCluster")->prepare_restart(stage);
  EXPECT_EQ(stage.context, testing::object(R"({"credentials":"local","regions":["here"],"cluster":"shop"})"));
}

struct Refused {
  std::string type, context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.type << " " << c.context;
}
class ClusterFields : public ClusterStages, public ::testing::WithParamInterface<Refused> {};

TEST_P(ClusterFields, AreRefusedByName) {
  EXPECT_EQ(world.run(execution({{.type = GetParam().type, .context = GetParam().context}})),
            Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, ClusterFields,
    ::testing::Values(
        Refused{"disableCluster", R"({"cluster":"shop","regions":["here"]})", "account: "},
        Refused{"disableCluster", R"({"credentials":"local","regions":["here"]})", "cluster: "},
        Refused{"disableCluster", R"({"credentials":"local","cluster":"shop"})", "regions: "},
        Refused{
            "disableCluster",
            R"({"credentials":"local","cluster":"shop","regions":["here"],"remainingEnabledServerGroups":-1})",
            "remainingEnabledServerGroups: a whole number from 0 to 1000 is needed, not -1"},
        Refused{"shrinkCluster",
                R"({"credentials":"local","cluster":"shop","regions":["here"],"shrinkToSize":"few"})",
                "shrinkToSize: "},
        Refused{
            "scaleDownCluster",
            R"({"credentials":"local","cluster":"shop","regions":["here"],"remainingFullSizeServerGroups":1.5})",
            "remainingFullSizeServerGroups: "},
        Refused{"disableCluster", R"({"credentials":"local","cluster":"shap","regions":["here"]})",
                "cluster 'shap' has no server group in local/here; did you mean 'shop'?"},
        Refused{"disableCluster", R"({"credentials":"lokal","cluster":"shop","regions":["here"]})",
                "did you mean 'local'?"}));

}  // namespace
}  // namespace gennaker::stages
