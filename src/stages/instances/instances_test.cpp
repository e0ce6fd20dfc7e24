#include "stages/instances/instances.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
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

class Instances : public ::testing::Test {
 protected:
  Instances() {
    auto catalogs = world.catalogs();
    const Infrastructure infrastructure{world.clouds(), world.guards(), world.locks()};
    add_infrastructure_tasks(catalogs, infrastructure);
    add_instances(catalogs, infrastructure);
    world.cloud().put(model::LoadBalancer{.name = "front", .account = "local", .region = "here"});
    auto group = testing::server_group("shop-v001", {.up = 3});
    group.load_balancers = {"front"};
    world.cloud().put(group);
    world.clock().advance(1min);
  }
  Status run(const std::string& type, const std::string& more) {
    return world.run(
        execution({{.type = type, .context = R"({"credentials":"local","region":"here",)" + more + "}"}}));
  }
  const model::ServerGroup& group() { return world.cloud().now().server_groups[0]; }
  std::vector<std::string> ids() {
    std::vector<std::string> all;
    for (const auto& instance : group().instances) all.push_back(instance.id);
    return all;
  }
  testing::StageWorld world;
};

TEST_F(Instances, AreTerminatedAndReplaced) {
  ASSERT_EQ(run("terminateInstances", R"("instanceIds":["shop-v001-0"])"), Status::succeeded)
      << world.error();
  EXPECT_THAT(ids(), ElementsAre("shop-v001-1", "shop-v001-2", "shop-v001-3"));
  const auto& context = world.stage("terminateInstances").context;
  EXPECT_THAT(base::string_list(context, "terminate.remaining.instances"), IsEmpty());
  EXPECT_EQ(context.at("kato.tasks").at(0).at("status").at("completed"), true);
}

TEST_F(Instances, OneIsTerminatedWithoutAReplacement) {
  const std::string one = R"("instance":"shop-v001-1","asgName":"shop-v001")";
  EXPECT_EQ(run("terminateInstanceAndDecrementAsg", one), Status::terminal);
  EXPECT_THAT(world.error(),
              HasSubstr("adjustMinIfNecessary: server group 'shop-v001' keeps 3 instances at least"));
  ASSERT_EQ(run("terminateInstanceAndDecrementServerGroup",
                one + R"(,"adjustMinIfNecessary":true,"setMaxToNewDesired":true)"),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(ids(), ElementsAre("shop-v001-0", "shop-v001-2"));
  EXPECT_EQ(group().capacity.min, 2);
  EXPECT_EQ(group().capacity.max, 2);
  EXPECT_EQ(group().capacity.desired, 2);
}

TEST_F(Instances, AreRebooted) {
  world.cloud().set_time_to_healthy(20s);
  const auto before = world.clock().now();
  ASSERT_EQ(run("rebootInstances", R"("instanceIds":["shop-v001-0","shop-v001-2"])"), Status::succeeded)
      << world.error();
  EXPECT_GE(world.clock().now() - before, 20s) << "until they are up again";
  EXPECT_GE(group().instances[0].launch_time.value(), before);
  EXPECT_EQ(group().instances[0].state, model::HealthState::up);
  EXPECT_THAT(group().instances, SizeIs(3));
}

TEST_F(Instances, AreDetached) {
  ASSERT_EQ(run("detachInstances", R"("instanceIds":["shop-v001-0"])"), Status::succeeded) << world.error();
  EXPECT_THAT(ids(), ElementsAre("shop-v001-1", "shop-v001-2", "shop-v001-3"));
  world.clock().advance(1s);  // another start of the stage has other keys
  ASSERT_EQ(
      run("detachInstances", R"("instanceIds":["shop-v001-1","shop-v001-2"],"decrementDesiredCapacity":true,
      "adjustMinIfNecessary":true)"),
      Status::succeeded)
      << world.error();
  EXPECT_THAT(ids(), ElementsAre("shop-v001-3"));
  EXPECT_EQ(group().capacity.desired, 1);
}

TEST_F(Instances, LoseAndGetTheirTraffic) {
  const std::string two = R"("instanceIds":["shop-v001-0","shop-v001-2"],"loadBalancerNames":["front"])";
  ASSERT_EQ(run("deregisterInstancesFromLoadBalancer", two), Status::succeeded) << world.error();
  EXPECT_EQ(group().instances[0].state, model::HealthState::out_of_service);
  EXPECT_EQ(group().instances[1].state, model::HealthState::up);
  ASSERT_EQ(run("registerInstancesWithLoadBalancer", two), Status::succeeded) << world.error();
  EXPECT_EQ(group().instances[0].state, model::HealthState::up);
}

TEST_F(Instances, OfSeveralServerGroupsAtOnce) {
  world.cloud().put(testing::server_group("shop-v002", {.up = 1}));
  ASSERT_EQ(run("terminateInstances", R"("instanceIds":["shop-v001-0","shop-v002-0"])"), Status::succeeded)
      << world.error();
  EXPECT_EQ(world.cloud().now().server_groups[1].instances[0].id, "shop-v002-1");
}

TEST_F(Instances, TheLastOnesAreGuarded) {
  world.guard_everything();
  for (const std::string type : {"terminateInstances", "detachInstances"}) {
    EXPECT_EQ(run(type, R"("instanceIds":["shop-v001-0","shop-v001-1","shop-v001-2"])"), Status::terminal);
    EXPECT_THAT(world.error(), HasSubstr("has traffic guards enabled"));
  }
  EXPECT_EQ(run("deregisterInstancesFromLoadBalancer",
                R"("instanceIds":["shop-v001-0","shop-v001-1","shop-v001-2"],"loadBalancerNames":["front"])"),
            Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("would leave the cluster with no instances up"));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
  EXPECT_EQ(run("terminateInstances", R"("instanceIds":["shop-v001-0","shop-v001-1"])"), Status::succeeded)
      << "one is left: " << world.error();
}

TEST_F(Instances, HappenOnceWhateverBreaks) {
  world.cloud().set_faults(
      {.crash_before = 0.2, .crash_after = 0.2, .lost_answer = 0.2, .doubled_call = 0.2});
  for (int round = 0; round < 20; ++round) {
    SCOPED_TRACE(round);
    const std::string first = ids().front();
    ASSERT_EQ(run("terminateInstances", R"("instanceIds":[")" + first + "\"]"), Status::succeeded)
        << world.error();
    EXPECT_THAT(ids(), SizeIs(3));
    world.clock().advance(1s);
  }
  ASSERT_EQ(run("terminateInstanceAndDecrementServerGroup",
                R"("adjustMinIfNecessary":true,"instance":")" + ids().front() + "\""),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(ids(), SizeIs(2));
  ASSERT_EQ(run("rebootInstances", R"("instanceIds":[")" + ids().front() + "\"]"), Status::succeeded)
      << world.error();
  EXPECT_EQ(world.cloud().operations_run_twice(), 0);
  EXPECT_THAT(world.cloud().effects(), SizeIs(22));
}

struct Refused {
  std::string type, context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.type << " " << c.context;
}
class InstanceFields : public Instances, public ::testing::WithParamInterface<Refused> {};

TEST_P(InstanceFields, AreRefusedByName) {
  EXPECT_EQ(world.run(execution({{.type = GetParam().type, .context = GetParam().context}})),
            Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, InstanceFields,
    ::testing::Values(
        Refused{"terminateInstances", R"({"region":"here","instanceIds":["a"]})", "account: "},
        Refused{"terminateInstances", R"({"credentials":"local","instanceIds":["a"]})", "region: "},
        Refused{"terminateInstances", R"({"credentials":"local","region":"here"})", "instanceIds: "},
        Refused{"rebootInstances", R"({"credentials":"local","region":"here","instanceIds":["${x}"]})",
                "instanceIds: the expression '${x}' has no value"},
        Refused{"rebootInstances", R"({"credentials":"local","region":"here","instanceIds":["shop-v001-9"]})",
                "has no instance 'shop-v001-9' in 'here'; did you mean 'shop-v001-"},
        Refused{"registerInstancesWithLoadBalancer",
                R"({"credentials":"local","region":"here","instanceIds":["shop-v001-0"]})",
                "loadBalancerNames: "},
        Refused{
            "deregisterInstancesFromLoadBalancer",
            R"({"credentials":"local","region":"here","instanceIds":["shop-v001-0"],"loadBalancerNames":["back"]})",
            "loadBalancerNames: server group 'shop-v001' of instance 'shop-v001-0' does not use 'back'; it "
            "uses: "
            "front"},
        Refused{
            "terminateInstanceAndDecrementServerGroup",
            R"({"credentials":"local","region":"here","instance":"shop-v001-0","serverGroupName":"shop-v002"})",
            "instanceIds: 'shop-v001-0' belongs to server group 'shop-v001', not to 'shop-v002'"}));

}  // namespace
}  // namespace gennaker::stages
