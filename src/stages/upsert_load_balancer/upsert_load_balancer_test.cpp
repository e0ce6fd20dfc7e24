#include "stages/upsert_load_balancer/upsert_load_balancer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/delete_load_balancer/delete_load_balancer.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using model::Status;
using testing::execution;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LoadBalancers : public ::testing::Test {
 protected:
  LoadBalancers() {
    auto catalogs = world.catalogs();
    const Infrastructure infrastructure{world.clouds(), world.guards(), world.locks()};
    add_upsert_load_balancer(catalogs, infrastructure);
    add_delete_load_balancer(catalogs, infrastructure);
  }
  Status run(const std::string& type, const std::string& context) {
    return world.run(execution({{.type = type, .context = context}}));
  }
  testing::StageWorld world;
};

TEST_F(LoadBalancers, One) {
  ASSERT_EQ(run("upsertLoadBalancer",
                R"({"credentials":"local","region":"here","loadBalancerName":"shop-front","port":8080})"),
            Status::succeeded)
      << world.error();
  ASSERT_THAT(world.cloud().now().load_balancers, SizeIs(1));
  EXPECT_EQ(world.cloud().now().load_balancers[0].extra, testing::object(R"({"port":8080})"));
  EXPECT_EQ(world.stage("upsertLoadBalancer").outputs.at("targets").at(0).at("name"), "shop-front");
}

TEST_F(LoadBalancers, Several) {
  ASSERT_EQ(run("upsertLoadBalancers", R"({"credentials":"local","loadBalancers":[
      {"name":"shop-front","region":"here","port":1},
      {"name":"shop-back","availabilityZones":{"here":[],"there":[]},"port":2}]})"),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(world.cloud().now().load_balancers, SizeIs(3));
  EXPECT_EQ(world.stage("upsertLoadBalancers").outputs.at("targets").as_array().size(), 3u);
}

TEST_F(LoadBalancers, InAnAdHocTaskTheNameIsTheLoadBalancers) {
  auto task =
      execution({{.type = "upsertLoadBalancer", .context = R"({"credentials":"local","region":"here"})"}});
  task.type = model::ExecutionType::orchestration;
  task.stages[0].name = "shop-front";
  ASSERT_EQ(world.run(std::move(task)), Status::succeeded) << world.error();
  EXPECT_EQ(world.cloud().now().load_balancers.at(0).name, "shop-front");
}

TEST_F(LoadBalancers, AreDeleted) {
  world.cloud().put(model::LoadBalancer{.name = "shop-front", .account = "local", .region = "here"});
  ASSERT_EQ(run("deleteLoadBalancer",
                R"({"credentials":"local","regions":["here"],"loadBalancerName":"shop-front"})"),
            Status::succeeded)
      << world.error();
  EXPECT_THAT(world.cloud().now().load_balancers, IsEmpty());
}

TEST_F(LoadBalancers, AreKeptWhileAServerGroupUsesThem) {
  world.cloud().put(model::LoadBalancer{.name = "shop-front", .account = "local", .region = "here"});
  auto user = testing::server_group("shop-v001");
  user.load_balancers = {"shop-front"};
  world.cloud().put(user);
  EXPECT_EQ(run("deleteLoadBalancer",
                R"({"credentials":"local","regions":["here"],"loadBalancerName":"shop-front"})"),
            Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("is used by server group 'shop-v001'"));
  EXPECT_THAT(world.cloud().now().load_balancers, SizeIs(1));
}

struct Refused {
  std::string type, context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.type << " " << c.context;
}
class LoadBalancerFields : public LoadBalancers, public ::testing::WithParamInterface<Refused> {};

TEST_P(LoadBalancerFields, AreRefusedByName) {
  EXPECT_EQ(run(GetParam().type, GetParam().context), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, LoadBalancerFields,
    ::testing::Values(
        Refused{"upsertLoadBalancer", R"({"region":"here","name":"x"})", "account: "},
        Refused{"upsertLoadBalancer", R"({"credentials":"local","region":"here"})", "loadBalancerName: "},
        Refused{"upsertLoadBalancer", R"({"credentials":"local","name":"x"})", "region: "},
        Refused{"upsertLoadBalancer", R"({"credentials":"local","loadBalancers":[{"name":"x"}]})",
                "loadBalancers[0].region: "},
        Refused{"upsertLoadBalancer", R"({"credentials":"local","loadBalancers":["x"]})",
                "loadBalancers[0]: an object is needed"},
        Refused{"upsertLoadBalancer", R"({"credentials":"locl","name":"x","region":"here"})",
                "did you mean 'local'?"},
        Refused{"deleteLoadBalancer", R"({"regions":["here"],"loadBalancerName":"x"})", "account: "},
        Refused{"deleteLoadBalancer", R"({"credentials":"local","regions":["here"]})", "loadBalancerName: "},
        Refused{"deleteLoadBalancer", R"({"credentials":"local","loadBalancerName":"x"})", "regions: "}));

}  // namespace
}  // namespace gennaker::stages
