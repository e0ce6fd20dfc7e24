#include "stages/clone_server_group/clone_server_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "stages/create_server_group/create_server_group.h"
#include "stages/deploy/deploy.h"
#include "stages/destroy_server_group/destroy_server_group.h"
#include "stages/disable_cluster/disable_cluster.h"
#include "stages/disable_server_group/disable_server_group.h"
#include "stages/rollback_server_group/rollback_server_group.h"
#include "stages/wait/wait.h"
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

class Clone : public ::testing::Test {
 protected:
  Clone() {
    auto catalogs = world.catalogs();
    const Infrastructure infrastructure{world.clouds(), world.guards(), world.locks()};
    add_infrastructure_tasks(catalogs, infrastructure);
    add_clone_server_group(catalogs, infrastructure);
    add_create_server_group(catalogs, infrastructure);
    add_deploy(catalogs);
    add_destroy_server_group(catalogs, infrastructure);
    add_disable_cluster(catalogs, infrastructure);
    add_disable_server_group(catalogs, infrastructure);
    add_rollback_server_group(catalogs, infrastructure);
    add_wait(catalogs);
    for (const std::string name : {"sha-1", "sha-2"}) {
      world.cloud().put(
          model::Image{.id = name, .name = "shop-" + name, .account = "local", .region = "here"});
    }
    world.cloud().put(model::LoadBalancer{.name = "front", .account = "local", .region = "here"});
    auto source = testing::server_group("shop-main-blue-v003", {.up = 3});
    source.image_id = "sha-1";
    source.image_name = "shop-sha-1";
    source.load_balancers = {"front"};
    source.launch_config = testing::object(R"({"command":"./run","env":{"A":"1"},"imageId":"sha-1"})");
    world.cloud().put(source);
    world.clock().advance(1min);
  }

  Status clone(const std::string& more) {
    return world.run(
        execution({{.type = "cloneServerGroup", .context = R"({"credentials":"local")" + more + "}"}}));
  }
  const boost::json::object& asked() { return world.cloud().effects().front().what; }

  testing::StageWorld world;
  const std::string from_v003 = R"(,"source":{"region":"here","serverGroupName":"shop-main-blue-v003"})";
};

TEST_F(Clone, TakesWhatIsNotGivenFromItsSource) {
  ASSERT_EQ(clone(from_v003), Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-blue-v003", "shop-main-blue-v004"));
  EXPECT_EQ(asked().at("capacity"), testing::object(R"({"min":3,"max":3,"desired":3})"));
  EXPECT_EQ(base::string_list(asked(), "loadBalancers"), std::vector<std::string>{"front"});
  EXPECT_EQ(asked().at("imageId"), "sha-1");
  EXPECT_EQ(asked().at("settings"), testing::object(R"({"command":"./run","env":{"A":"1"}})"));
  const auto& stage = world.stage("cloneServerGroup");
  EXPECT_EQ(stage.context.at("source").at("serverGroupName"), "shop-main-blue-v003");
  EXPECT_EQ(stage.outputs.at("deploy.server.groups"), testing::object(R"({"here":["shop-main-blue-v004"]})"));
}

TEST_F(Clone, KeepsWhatIsGiven) {
  ASSERT_EQ(clone(from_v003 + R"(,"stack":"test","freeFormDetails":"","capacity":{"desired":1},
      "loadBalancers":[],"imageId":"shop-sha-2","env":{"B":"2"})"),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-blue-v003", "shop-test-v000"));
  EXPECT_EQ(asked().at("capacity").at("desired"), 1);
  EXPECT_THAT(base::string_list(asked(), "loadBalancers"), IsEmpty());
  EXPECT_EQ(asked().at("imageId"), "sha-2");
  EXPECT_EQ(asked().at("settings"), testing::object(R"({"command":"./run","env":{"B":"2"}})"));
}

TEST_F(Clone, TakesTheImageThatTheStageBeforeMade) {
  ASSERT_EQ(world.run(execution({{.ref_id = "1", .type = "wait", .outputs = R"({"amiDetails":[
                {"region":"here","imageId":"sha-2"}]})"},
                                 {.ref_id = "2",
                                  .type = "copyLastAsg",
                                  .context = R"({"credentials":"local")" + from_v003 + "}",
                                  .requires_stages = {"1"}}})),
            Status::succeeded)
      << world.error();
  EXPECT_EQ(asked().at("imageId"), "sha-2");
}

TEST_F(Clone, MakesNothingWhenItsSourceIsNotThereAndFailuresAreIgnored) {
  EXPECT_EQ(clone(R"(,"region":"here","application":"shop","stack":"none","target":"current_asg_dynamic",
      "imageId":"sha-1","failPipeline":false,"continuePipeline":true)"),
            Status::succeeded);
  EXPECT_EQ(world.stage("cloneServerGroup").status, Status::failed_continue);
  EXPECT_THAT(world.cloud().effects(), ::testing::IsEmpty());
}

TEST_F(Clone, WithoutASourceItIsTheNewestOfTheCluster) {
  ASSERT_EQ(clone(R"(,"region":"here","application":"shop","stack":"main","freeFormDetails":"blue")"),
            Status::succeeded)
      << world.error();
  EXPECT_EQ(asked().at("capacity").at("desired"), 3);
}

TEST_F(Clone, HasStrategies) {
  ASSERT_EQ(clone(from_v003 + R"(,"strategy":"redblack")"), Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-blue-v003 (disabled)", "shop-main-blue-v004"));
}

TEST_F(Clone, RollsBack) {
  EXPECT_EQ(clone(from_v003 + R"(,"strategy":"redblack","crashes":true,"rollback":{"onFailure":true})"),
            Status::terminal);
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-main-blue-v003"));
  EXPECT_EQ(world.stage("rollbackServerGroup").status, Status::succeeded);
}

TEST_F(Clone, ARestartCopiesAnew) {
  ASSERT_EQ(clone(from_v003), Status::succeeded) << world.error();
  model::Stage stage = world.stage("cloneServerGroup");
  const auto catalogs = world.catalogs();
  catalogs.stages.find("cloneServerGroup")->prepare_restart(stage);
  EXPECT_EQ(stage.context.at("source"),
            testing::object(R"({"region":"here","serverGroupName":"shop-main-blue-v003"})"));
  for (const std::string_view field : {"capacity", "stack", "imageId", "command", "loadBalancers"}) {
    EXPECT_FALSE(stage.context.contains(field)) << field;
  }
}

TEST_F(Clone, DeployMakesClonesWhenTheTriggerSaysSo) {
  auto run = execution({{.type = "deploy", .context = R"({"clusters":[{"account":"local","region":"here",
      "application":"shop","stack":"main","freeFormDetails":"blue","capacity":{"desired":1}}]})"}});
  run.trigger["parameters"] = testing::object(R"({"clone":"true"})");
  ASSERT_EQ(world.run(std::move(run)), Status::succeeded) << world.error();
  EXPECT_EQ(world.stage("cloneServerGroup").name, "Clone in here");
  EXPECT_EQ(asked().at("settings").at("command"), "./run");
  EXPECT_EQ(world.stage("deploy").outputs.at("deploy.server.groups"),
            testing::object(R"({"here":["shop-main-blue-v004"]})"));
}

TEST_F(Clone, HappensOnceWhateverBreaks) {
  world.cloud().set_faults(
      {.crash_before = 0.2, .crash_after = 0.2, .lost_answer = 0.2, .doubled_call = 0.2});
  for (int round = 0; round < 10; ++round) {
    ASSERT_EQ(clone(from_v003), Status::succeeded) << world.error();
    world.clock().advance(1s);
  }
  EXPECT_EQ(world.cloud().now().server_groups.size(), 11u);
  EXPECT_EQ(world.cloud().operations_run_twice(), 0);
}

struct Refused {
  std::string name, context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.name;
}
class CloneRefuses : public Clone, public ::testing::WithParamInterface<Refused> {};

TEST_P(CloneRefuses, AndChangesNothing) {
  EXPECT_EQ(world.run(execution({{.type = "cloneServerGroup", .context = GetParam().context}})),
            Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Contexts, CloneRefuses,
    ::testing::Values(
        Refused{"no account", R"({"region":"here"})", "account: "},
        Refused{"no region", R"({"account":"local"})", "region: "},
        Refused{"two regions", R"({"account":"local","regions":["here","there"]})", "region: one region"},
        Refused{"an unknown source",
                R"({"account":"local","source":{"region":"here","serverGroupName":"shop-main-blue-v009"}})",
                "source: account 'local' has no server group 'shop-main-blue-v009' in 'here'"},
        Refused{"no source", R"({"account":"local","region":"there","application":"shop"})",
                "source: cluster 'shop' has no server group in 'there' to clone"},
        Refused{"a bad capacity", R"({"account":"local","region":"here","capacity":{"desired":-1}})",
                "capacity.desired: "}));

}  // namespace
}  // namespace gennaker::stages
