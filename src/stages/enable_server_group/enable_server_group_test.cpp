#include "stages/enable_server_group/enable_server_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/determine_target_server_group/determine_target_server_group.h"
#include "stages/disable_server_group/disable_server_group.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using model::Status;
using ::testing::ElementsAre;
using testing::execution;
using ::testing::HasSubstr;
using testing::server_group;

class EnableAndDisable : public ::testing::Test {
 protected:
  EnableAndDisable() {
    auto catalogs = world.catalogs();
    const Infrastructure infrastructure{world.clouds(), world.guards(), world.locks()};
    add_infrastructure_tasks(catalogs, infrastructure);
    add_determine_target_server_group(catalogs, infrastructure);
    add_enable_server_group(catalogs, infrastructure);
    add_disable_server_group(catalogs, infrastructure);
    world.cloud().put(server_group("shop-v001", {.up = 2, .disabled = true, .created_ms = 1}));
    world.cloud().put(server_group("shop-v002", {.up = 2, .created_ms = 2}));
  }
  Status run(const std::string& type, const std::string& context) {
    return world.run(execution({{.type = type, .context = context}}));
  }
  testing::StageWorld world;
};

TEST_F(EnableAndDisable, ByName) {
  EXPECT_EQ(run("enableServerGroup", R"({"credentials":"local","region":"here","asgName":"shop-v001"})"),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-v001", "shop-v002"));
  const auto& stage = world.stage("enableServerGroup");
  EXPECT_EQ(stage.context.at("deploy.server.groups"), testing::object(R"({"here":["shop-v001"]})"));
  EXPECT_EQ(stage.context.at("kato.tasks").as_array().size(), 1u);
  EXPECT_EQ(stage.tasks.size(), 2u);
  EXPECT_EQ(stage.tasks[1].name, "waitForUpInstances");
}

TEST_F(EnableAndDisable, ByTarget) {
  EXPECT_EQ(run("disableServerGroup", R"({"credentials":"local","regions":["here"],"cluster":"shop",
      "target":"current_asg_dynamic"})"),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-v001 (disabled)", "shop-v002 (disabled)"));
  EXPECT_THAT(world.stage_types(),
              ElementsAre("determineTargetServerGroup", "disableServerGroup", "disableServerGroup"));
  EXPECT_EQ(
      world.stage("determineTargetServerGroup").outputs.at("targetReferences"),
      boost::json::value(boost::json::array{testing::object(
          R"({"region":"here","location":"here","cloudProvider":"simulated","asg":{"name":"shop-v002"}})")}));
}

TEST_F(EnableAndDisable, ATargetThatIsNotThere) {
  EXPECT_EQ(run("disableServerGroup", R"({"credentials":"local","regions":["here","there"],"cluster":"shop",
      "target":"ancestor_asg"})"),
            Status::terminal);
  EXPECT_EQ(world.error(),
            "unable to locate ancestor_asg of cluster 'shop' in local/there: there is no server group");
  EXPECT_TRUE(world.cloud().effects().empty());
}

TEST_F(EnableAndDisable, AGroupThatIsNotThere) {
  EXPECT_EQ(
      run("enableServerGroup", R"({"credentials":"local","region":"here","serverGroupName":"shop-v003"})"),
      Status::terminal);
  EXPECT_EQ(world.error(),
            "account 'local' has no server group 'shop-v003' in 'here'; did you mean 'shop-v001'?");
}

TEST_F(EnableAndDisable, AnAccountThatIsNotThere) {
  EXPECT_EQ(
      run("enableServerGroup", R"({"credentials":"locla","region":"here","serverGroupName":"shop-v001"})"),
      Status::terminal);
  EXPECT_EQ(world.error(), "account 'locla' is not configured; did you mean 'local'?");
}

TEST_F(EnableAndDisable, AGuardKeepsTheLastOne) {
  world.guard_everything();
  EXPECT_EQ(
      run("disableServerGroup", R"({"credentials":"local","region":"here","serverGroupName":"shop-v002"})"),
      Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("has traffic guards enabled"));
  EXPECT_TRUE(world.cloud().effects().empty());
}

TEST_F(EnableAndDisable, WaitUntilInstancesAreUpOrTimeIsUp) {
  auto sick = server_group("shop-v003", {.up = 1, .down = 1, .disabled = true, .created_ms = 3});
  world.cloud().put(sick);
  EXPECT_EQ(
      run("enableServerGroup", R"({"credentials":"local","region":"here","serverGroupName":"shop-v003"})"),
      Status::terminal);
  EXPECT_EQ(world.error(),
            "after 120 minutes: 1 of 2 instances of shop-v003 healthy: shop-v003-1 Down, "
            "shop-v003-0 Up");
  EXPECT_EQ(run("enableServerGroup", R"({"credentials":"local","region":"here","serverGroupName":"shop-v003",
      "targetHealthyDeployPercentage":50})"),
            Status::succeeded);
}

TEST_F(EnableAndDisable, SurviveFaults) {
  for (int attempt = 0; attempt < 20; ++attempt) {
    world.cloud().set_faults(
        {.crash_before = 0.3, .crash_after = 0.3, .lost_answer = 0.3, .doubled_call = 0.3});
    EXPECT_EQ(
        run("disableServerGroup", R"({"credentials":"local","region":"here","serverGroupName":"shop-v002"})"),
        Status::succeeded)
        << world.error();
  }
  EXPECT_EQ(world.cloud().operations_run_twice(), 0);
}

struct Refused {
  std::string context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.context;
}
class RefusedTargets : public EnableAndDisable, public ::testing::WithParamInterface<Refused> {};

TEST_P(RefusedTargets, NameTheField) {
  EXPECT_EQ(run("enableServerGroup", GetParam().context), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_TRUE(world.cloud().effects().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Contexts, RefusedTargets,
    ::testing::Values(
        Refused{"{}", "account: the name of an account is needed"},
        Refused{R"({"credentials":"a","account":"b"})", "account: 'b' differs from credentials 'a'"},
        Refused{R"({"credentials":"local"})", "serverGroupName: a name is needed"},
        Refused{R"({"credentials":"local","serverGroupName":"shop-v001"})", "region: "},
        Refused{R"({"credentials":"local","target":"newest_asg","cluster":"shop","region":"here"})",
                "target: 'newest_asg' is not known; there are: current_asg_dynamic"},
        Refused{R"({"credentials":"local","target":"current_asg","region":"here"})", "cluster: "},
        Refused{R"({"credentials":"local","target":"current_asg","cluster":"shop"})", "regions: "}));

}  // namespace
}  // namespace gennaker::stages
