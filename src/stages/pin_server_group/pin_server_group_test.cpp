#include "stages/pin_server_group/pin_server_group.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "stages/bulk_server_groups/bulk_server_groups.h"
#include "stages/determine_target_server_group/determine_target_server_group.h"
#include "stages/modify_scaling_process/modify_scaling_process.h"
#include "stages/upsert_server_group_tags/upsert_server_group_tags.h"
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
using ::testing::SizeIs;

class ServerGroups : public ::testing::Test {
 protected:
  ServerGroups() {
    auto catalogs = world.catalogs();
    const Infrastructure infrastructure{world.clouds(), world.guards(), world.locks()};
    add_infrastructure_tasks(catalogs, infrastructure);
    add_determine_target_server_group(catalogs, infrastructure);
    add_pin_server_group(catalogs, infrastructure);
    add_bulk_server_groups(catalogs, infrastructure);
    add_modify_scaling_process(catalogs, infrastructure);
    add_upsert_server_group_tags(catalogs, infrastructure);
    for (const std::string name : {"shop-v001", "shop-v002", "shop-v003"}) {
      auto group = testing::server_group(name, {.up = 3, .created_ms = 1000 + name.back()});
      group.capacity = {.min = 1, .max = 6, .desired = 3};
      world.cloud().put(group);
    }
  }
  static std::string at(const std::string& name, const std::string& more = "") {
    return R"({"credentials":"local","region":"here","serverGroupName":")" + name + "\"" + more + "}";
  }
  std::string capacity(std::size_t index = 0) {
    const auto& capacity = world.cloud().now().server_groups[index].capacity;
    return fmt::format("{}/{}/{}", capacity.min, capacity.desired, capacity.max);
  }
  Status run(const std::string& type, const std::string& context) {
    world.clock().advance(1s);
    return world.run(execution({{.type = type, .context = context}}));
  }
  testing::StageWorld world;
};

TEST_F(ServerGroups, ArePinnedAndUnpinned) {
  ASSERT_EQ(run("pinServerGroup", at("shop-v001")), Status::succeeded) << world.error();
  EXPECT_EQ(capacity(), "3/3/6");
  const auto& context = world.stage("pinServerGroup").context;
  EXPECT_EQ(context.at("originalCapacity.shop-v001").at("min"), 1);
  ASSERT_EQ(
      run("pinServerGroup",
          at("shop-v001", R"(,"unpinMinimumCapacity":true,"savedCapacity":{"min":2,"max":6,"desired":3})")),
      Status::succeeded)
      << world.error();
  EXPECT_EQ(capacity(), "2/3/6");
  ASSERT_EQ(
      run("pinServerGroup",
          at("shop-v001", R"(,"unpinMinimumCapacity":true,"savedCapacity":{"min":3,"max":6,"desired":3})")),
      Status::succeeded);
  EXPECT_EQ(capacity(), "2/3/6") << "never raised";
  ASSERT_EQ(run("pinServerGroup", at("shop-v001", R"(,"pinCapacity":true)")), Status::succeeded);
  EXPECT_EQ(capacity(), "3/3/3");
}

TEST_F(ServerGroups, GetTheCapacityBackThatWasCaptured) {
  ASSERT_EQ(
      world.run(execution(
          {{.ref_id = "1",
            .type = "captureSourceServerGroupCapacity",
            .context = R"({"source":{"account":"local","region":"here","asgName":"shop-v001"}})"},
           {.ref_id = "2", .type = "pinServerGroup", .context = at("shop-v001"), .requires_stages = {"1"}},
           {.ref_id = "3",
            .type = "applySourceServerGroupCapacity",
            .context = at("shop-v001"),
            .requires_stages = {"2"}}})),
      Status::succeeded)
      << world.error();
  EXPECT_EQ(capacity(), "1/3/6");
  EXPECT_THAT(world.cloud().effect_kinds(), ElementsAre("resizeServerGroup", "resizeServerGroup"));
  EXPECT_EQ(run("applySourceServerGroupCapacity", at("shop-v009")), Status::succeeded)
      << "it has gone meanwhile";
}

TEST_F(ServerGroups, AreDestroyedAndDisabledInBulk) {
  const std::string two =
      R"({"credentials":"local","region":"here","serverGroupNames":["shop-v001","shop-v002"]})";
  ASSERT_EQ(run("bulkDisableServerGroup", two), Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(),
              ElementsAre("shop-v001 (disabled)", "shop-v002 (disabled)", "shop-v003"));
  ASSERT_EQ(run("bulkDestroyServerGroup", two), Status::succeeded) << world.error();
  EXPECT_THAT(world.server_groups(), ElementsAre("shop-v003"));
  EXPECT_EQ(world.stage("bulkDestroyServerGroup").context.at("kato.tasks").as_array().size(), 2u);
}

TEST_F(ServerGroups, AreGuardedAsOneSet) {
  world.guard_everything();
  const std::string all =
      R"({"credentials":"local","region":"here","serverGroupNames":["shop-v001","shop-v002","shop-v003"]})";
  for (const std::string type : {"bulkDestroyServerGroup", "bulkDisableServerGroup"}) {
    EXPECT_EQ(run(type, all), Status::terminal);
    EXPECT_THAT(world.error(), HasSubstr("[shop-v001, shop-v002, shop-v003] would leave the cluster"));
  }
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

TEST_F(ServerGroups, HaveProcessesThatAreSuspended) {
  const std::string two = R"(,"action":"suspend","processes":["Launch","Terminate"])";
  ASSERT_EQ(run("modifyAwsScalingProcess", at("shop-v001", two)), Status::succeeded) << world.error();
  EXPECT_THAT(world.cloud().now().server_groups[0].suspended_processes, ElementsAre("Launch", "Terminate"));
  ASSERT_EQ(
      run("modifyScalingProcess", at("shop-v001", R"(,"action":"resume","processes":["Launch","Other"])")),
      Status::succeeded)
      << world.error();
  EXPECT_THAT(world.cloud().now().server_groups[0].suspended_processes, ElementsAre("Terminate"));
  EXPECT_EQ(world.stage("modifyScalingProcess").context.at("scalingProcesses.shop-v001").at(0), "Launch");
  ASSERT_EQ(run("modifyScalingProcess", at("shop-v001", R"(,"action":"resume","processes":["Launch"])")),
            Status::succeeded);
  EXPECT_THAT(world.cloud().effects(), SizeIs(2)) << "it was so already";
}

TEST_F(ServerGroups, AreTagged) {
  ASSERT_EQ(run("upsertAsgTags", at("shop-v001", R"(,"tags":{"team":"blue","old":"1"})")), Status::succeeded)
      << world.error();
  ASSERT_EQ(run("upsertServerGroupTags", R"({"credentials":"local","regions":["here"],"cluster":"shop",
      "target":"oldest_asg_dynamic","tags":{"old":null}})"),
            Status::succeeded)
      << world.error();
  EXPECT_EQ(world.cloud().now().server_groups[0].tags, testing::object(R"({"team":"blue"})"));
}

TEST_F(ServerGroups, ChangeOnceWhateverBreaks) {
  world.cloud().set_faults(
      {.crash_before = 0.2, .crash_after = 0.2, .lost_answer = 0.2, .doubled_call = 0.2});
  ASSERT_EQ(run("pinServerGroup", at("shop-v001")), Status::succeeded);
  ASSERT_EQ(run("modifyScalingProcess", at("shop-v001", R"(,"action":"suspend","processes":["Launch"])")),
            Status::succeeded);
  ASSERT_EQ(run("upsertServerGroupTags", at("shop-v001", R"(,"tags":{"a":"b"})")), Status::succeeded);
  ASSERT_EQ(run("bulkDestroyServerGroup",
                R"({"credentials":"local","region":"here","serverGroupNames":["shop-v001","shop-v002"]})"),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(world.cloud().effects(), SizeIs(5));
  EXPECT_EQ(world.cloud().operations_run_twice(), 0);
}

struct Refused {
  std::string type, context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.type << " " << c.context;
}
class ServerGroupFields : public ServerGroups, public ::testing::WithParamInterface<Refused> {};

TEST_P(ServerGroupFields, AreRefusedByName) {
  EXPECT_EQ(run(GetParam().type, GetParam().context), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, ServerGroupFields,
    ::testing::Values(
        Refused{"pinServerGroup", R"({"credentials":"local","region":"here"})", "serverGroupName: "},
        Refused{"pinServerGroup", R"({"credentials":"local","region":"here","serverGroupName":"shop-v009"})",
                "has no server group 'shop-v009'"},
        Refused{"bulkDestroyServerGroup", R"({"credentials":"local","region":"here"})", "serverGroupNames: "},
        Refused{"bulkDisableServerGroup",
                R"({"credentials":"local","region":"here","serverGroupNames":["shop-v001","shop-v009"]})",
                "has no server group 'shop-v009'"},
        Refused{"modifyScalingProcess",
                R"({"credentials":"local","region":"here","serverGroupName":"shop-v001","processes":["x"]})",
                "action: '' is not known; there are: suspend, resume"},
        Refused{"modifyScalingProcess",
                R"({"credentials":"local","region":"here","serverGroupName":"shop-v001","action":"resume"})",
                "processes: "},
        Refused{"upsertServerGroupTags",
                R"({"credentials":"local","region":"here","serverGroupName":"shop-v001"})", "tags: "}));

}  // namespace
}  // namespace gennaker::stages
