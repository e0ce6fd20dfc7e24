#include "stages/resize_server_group/resize_server_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/destroy_server_group/destroy_server_group.h"
#include "stages/resize_server_group/new_capacity.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using model::Capacity;
using model::Status;
using ::testing::ElementsAre;
using testing::execution;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::server_group;

std::string text(const Capacity& capacity) {
  return fmt::format("{}/{}/{}", capacity.min, capacity.desired, capacity.max);
}

struct Case {
  std::string name, context;
  Capacity current;
  std::string expected;  ///< min/desired/max
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class NewCapacity : public ::testing::TestWithParam<Case> {};

TEST_P(NewCapacity, IsComputed) {
  std::optional<clusters::FieldProblem> problem;
  const Resize resize = read_resize(testing::object(GetParam().context), problem);
  ASSERT_FALSE(problem.has_value()) << problem->field << ": " << problem->reason;
  const auto large = server_group("shop-v009", {.up = 8});
  EXPECT_EQ(text(new_capacity(resize, GetParam().current, {&large}, {.min = 2, .max = 10, .desired = 5})),
            GetParam().expected);
}

const Capacity two_to_six{.min = 2, .max = 6, .desired = 4};

INSTANTIATE_TEST_SUITE_P(
    Actions, NewCapacity,
    ::testing::Values(
        Case{"exact", R"({"capacity":{"min":1,"max":"3","desired":2}})", two_to_six, "1/2/3"},
        Case{"only desired, within", R"({"capacity":{"desired":5}})", two_to_six, "2/5/6"},
        Case{"only desired, above", R"({"capacity":{"desired":9}})", two_to_six, "2/9/9"},
        Case{"only desired, below", R"({"capacity":{"desired":0}})", two_to_six, "0/0/6"},
        Case{"only min, above all", R"({"capacity":{"min":8}})", two_to_six, "8/8/8"},
        Case{"only max, below all", R"({"capacity":{"max":1}})", two_to_six, "1/1/1"},
        Case{"up by number", R"({"action":"scale_up","scaleNum":"2"})", two_to_six, "4/6/8"},
        Case{"up by share, rounded up", R"({"action":"scale_up","scalePct":30})", two_to_six, "3/6/8"},
        Case{"down by number, not below none", R"({"action":"scale_down","scaleNum":3})", two_to_six,
             "0/1/3"},
        Case{"down by share", R"({"action":"scale_down","scalePct":50})", two_to_six, "1/2/3"},
        Case{"to the cluster's largest", R"({"action":"scale_to_cluster"})", two_to_six, "8/8/8"},
        Case{"to a server group", R"({"action":"scale_to_server_group"})", two_to_six, "2/5/10"},
        Case{"to a part of it", R"({"action":"scale_to_server_group","scalePct":30})", two_to_six, "2/2/10"},
        Case{"pinned", R"({"action":"scale_to_server_group","pinCapacity":true})", two_to_six, "5/5/5"},
        Case{"min pinned", R"({"action":"scale_to_server_group","pinMinimumCapacity":true})", two_to_six,
             "5/5/10"}));

class ResizeAndDestroy : public ::testing::Test {
 protected:
  ResizeAndDestroy() {
    auto catalogs = world.catalogs();
    const Infrastructure infrastructure{world.clouds(), world.guards(), world.locks()};
    add_infrastructure_tasks(catalogs, infrastructure);
    add_resize_server_group(catalogs, infrastructure);
    add_destroy_server_group(catalogs, infrastructure);
    world.cloud().put(server_group("shop-v001", {.up = 2}));
  }
  Status run(const std::string& type, const std::string& more = "") {
    return world.run(execution({{.type = type, .context = R"({"credentials":"local","region":"here",
        "serverGroupName":"shop-v001")" + more + "}"}}));
  }
  testing::StageWorld world;
};

TEST_F(ResizeAndDestroy, Grows) {
  world.cloud().set_time_to_healthy(std::chrono::seconds(30));
  ASSERT_EQ(run("resizeServerGroup", R"(,"capacity":{"desired":"3"})"), Status::succeeded) << world.error();
  EXPECT_EQ(world.cloud().now().server_groups[0].instances.size(), 3u);
  EXPECT_EQ(world.stage("resizeServerGroup").context.at("originalCapacity.shop-v001"),
            testing::object(R"({"min":2,"max":2,"desired":2})"));
}

TEST_F(ResizeAndDestroy, SaysThatWhatItResizesIsBeingDestroyed) {
  auto group = server_group("shop-v001", {.up = 2, .disabled = true});
  group.tags["state"] = clusters::being_destroyed;
  world.cloud().put(group);
  EXPECT_EQ(run("resizeServerGroup", R"(,"capacity":{"desired":3})"), Status::terminal);
  EXPECT_EQ(world.error(), "server group 'shop-v001' is being destroyed");
}

TEST_F(ResizeAndDestroy, GrowsOnceWhateverBreaks) {
  world.cloud().set_faults(
      {.crash_before = 0.3, .crash_after = 0.3, .lost_answer = 0.3, .doubled_call = 0.3});
  for (int size = 3; size < 20; ++size) {
    world.clock().advance(std::chrono::seconds(1));
    ASSERT_EQ(run("resizeServerGroup", R"(,"action":"scale_up","scaleNum":1)"), Status::succeeded)
        << world.error();
    ASSERT_EQ(world.cloud().now().server_groups[0].instances.size(), static_cast<std::size_t>(size));
  }
}

TEST_F(ResizeAndDestroy, AGuardKeepsTheLastInstances) {
  world.guard_everything();
  EXPECT_EQ(run("resizeServerGroup", R"(,"capacity":{"desired":0})"), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("Removal of all instances in [shop-v001] would leave the cluster"));
  EXPECT_EQ(run("resizeServerGroup", R"(,"capacity":{"desired":1})"), Status::succeeded) << world.error();
  EXPECT_EQ(run("destroyServerGroup"), Status::terminal);
  EXPECT_EQ(world.cloud().effects().size(), 1u);
}

TEST_F(ResizeAndDestroy, Destroys) {
  ASSERT_EQ(run("destroyServerGroup"), Status::succeeded) << world.error();
  EXPECT_THAT(world.cloud().effect_kinds(), ElementsAre("disableServerGroup", "destroyServerGroup"));
  EXPECT_THAT(world.server_groups(), IsEmpty());
  EXPECT_EQ(run("destroyServerGroup"), Status::succeeded) << "what is gone already is a success";
}

TEST_F(ResizeAndDestroy, DestroysAtOnceWhenAsked) {
  ASSERT_EQ(run("destroyServerGroup", R"(,"skipDisableBeforeDestroy":true)"), Status::succeeded);
  EXPECT_THAT(world.cloud().effect_kinds(), ElementsAre("destroyServerGroup"));
}

struct Refused {
  std::string more, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.more;
}
class ResizeFields : public ResizeAndDestroy, public ::testing::WithParamInterface<Refused> {};

TEST_P(ResizeFields, AreRefusedByName) {
  EXPECT_EQ(run("resizeServerGroup", GetParam().more), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, ResizeFields,
    ::testing::Values(Refused{"", "capacity: at least one of min, max and desired is needed"},
                      Refused{R"(,"capacity":{"desired":-1})", "capacity.desired: "},
                      Refused{R"(,"capacity":{"desired":"${x}"})", "capacity.desired: "},
                      Refused{R"(,"capacity":3)", "capacity: an object"},
                      Refused{R"(,"capacity":{"min":4,"max":3})", "capacity.min: 4 is more than max 3"},
                      Refused{R"(,"action":"grow")", "action: 'grow' is not known"},
                      Refused{R"(,"action":"scale_up")", "scaleNum: a number is needed, or `scalePct`"},
                      Refused{R"(,"action":"scale_up","scaleNum":"many")", "scaleNum: "},
                      Refused{R"(,"action":"scale_to_server_group")", "source.serverGroupName: "},
                      Refused{R"(,"action":"scale_to_server_group","source":{"serverGroupName":"shop-v007"})",
                              "no server group 'shop-v007' in 'here'; did you mean 'shop-v001'?"}));

}  // namespace
}  // namespace gennaker::stages
