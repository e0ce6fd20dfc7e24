#include "stages/upsert_security_group/upsert_security_group.h"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using model::Status;
using testing::execution;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Firewalls : public ::testing::Test {
 protected:
  Firewalls() {
    auto catalogs = world.catalogs();
    add_upsert_security_group(catalogs, {world.clouds(), world.guards(), world.locks()});
  }
  Status run(const std::string& type, const std::string& more) {
    return world.run(execution({{.type = type, .context = R"({"credentials":"local",)" + more + "}"}}));
  }
  testing::StageWorld world;
};

TEST_F(Firewalls, AreMadeInEachRegion) {
  ASSERT_EQ(
      run("upsertSecurityGroup", R"("securityGroupName":"shop","regions":["here","there"],"description":"web",
      "ipIngress":[{"type":"tcp","startPort":"80","endPort":81,"cidr":"10.0.0.0/8"}],
      "securityGroupIngress":[{"type":"tcp","startPort":1,"endPort":2,"name":"front"}])"),
      Status::succeeded)
      << world.error();
  ASSERT_THAT(world.cloud().now().firewalls, SizeIs(2));
  const auto& firewall = world.cloud().now().firewalls[1];
  EXPECT_EQ(firewall.region, "there");
  EXPECT_EQ(firewall.description, "web");
  EXPECT_EQ(boost::json::value(firewall.inbound_rules), boost::json::parse(R"([
      {"protocol":"tcp","portRanges":[{"startPort":80,"endPort":81}],"range":{"ip":"10.0.0.0","cidr":"/8"}},
      {"protocol":"tcp","portRanges":[{"startPort":1,"endPort":2}],"securityGroup":{"name":"front"}}])"));
  EXPECT_EQ(world.stage("upsertSecurityGroup").outputs.at("targets").at(1).at("region"), "there");
}

TEST_F(Firewalls, AreCopiedWithTheirRules) {
  ASSERT_EQ(run("upsertSecurityGroup", R"("name":"shop","region":"here","description":"web",
      "ipIngress":[{"type":"tcp","startPort":80,"endPort":80,"cidr":"10.0.0.0/8"}])"),
            Status::succeeded)
      << world.error();
  world.clock().advance(std::chrono::seconds(1));
  ASSERT_EQ(
      run("copySecurityGroup", R"("securityGroupName":"shop","region":"here","targetRegions":["here","there"],
      "targetName":"shop-copy")"),
      Status::succeeded)
      << world.error();
  ASSERT_THAT(world.cloud().now().firewalls, SizeIs(3));
  for (const std::size_t copy : {1, 2}) {
    EXPECT_EQ(world.cloud().now().firewalls[copy].name, "shop-copy");
    EXPECT_EQ(world.cloud().now().firewalls[copy].description, "web");
    EXPECT_EQ(world.cloud().now().firewalls[copy].inbound_rules,
              world.cloud().now().firewalls[0].inbound_rules);
  }
  EXPECT_EQ(
      run("copySecurityGroup", R"("securityGroupName":"shap","region":"here","targetRegions":["there"])"),
      Status::terminal);
  EXPECT_EQ(world.error(),
            "securityGroupName: account 'local' has no firewall 'shap' in 'here'; did you mean 'shop'?");
  EXPECT_EQ(
      run("copySecurityGroup", R"("securityGroupName":"shop","region":"here","targetRegions":["here"])"),
      Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("targetRegions: 'here' is where it is copied from"));
}

TEST_F(Firewalls, AreChangedInPlace) {
  for (const int port : {80, 81}) {
    const std::string text = std::to_string(port);
    ASSERT_EQ(run("upsertSecurityGroup",
                  R"("name":"shop","region":"here","ipIngress":[{"type":"tcp","cidr":"0.0.0.0/0",
        "startPort":)" +
                      text + R"(,"endPort":)" + text + "}]"),
              Status::succeeded)
        << world.error();
    world.clock().advance(std::chrono::seconds(1));
  }
  ASSERT_THAT(world.cloud().now().firewalls, SizeIs(1));
  EXPECT_EQ(world.cloud().now().firewalls[0].inbound_rules.at(0).at("portRanges").at(0).at("startPort"), 81);
}

TEST_F(Firewalls, AreDeletedUnlessUsed) {
  world.cloud().put(model::Firewall{.id = "fw-1", .name = "shop", .account = "local", .region = "here"});
  auto user = testing::server_group("shop-v001");
  user.launch_config = testing::object(R"({"securityGroups":["shop"]})");
  world.cloud().put(user);
  EXPECT_EQ(run("deleteSecurityGroup", R"("securityGroupName":"shop","regions":["here"])"), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("is used by server group 'shop-v001'"));
  EXPECT_EQ(run("deleteSecurityGroup", R"("securityGroupName":"shop","regions":["there"])"),
            Status::succeeded);
  EXPECT_THAT(world.cloud().now().firewalls, SizeIs(1)) << "another region's";
}

TEST_F(Firewalls, InAnAdHocTaskTheNameIsTheFirewalls) {
  auto task =
      execution({{.type = "upsertSecurityGroup", .context = R"({"credentials":"local","region":"here"})"}});
  task.type = model::ExecutionType::orchestration;
  task.stages[0].name = "shop";
  ASSERT_EQ(world.run(std::move(task)), Status::succeeded) << world.error();
  EXPECT_EQ(world.cloud().now().firewalls.at(0).name, "shop");
}

TEST_F(Firewalls, HappenOnceWhateverBreaks) {
  world.cloud().set_faults(
      {.crash_before = 0.2, .crash_after = 0.2, .lost_answer = 0.2, .doubled_call = 0.2});
  ASSERT_EQ(run("upsertSecurityGroup", R"("name":"shop","regions":["here","there"])"), Status::succeeded);
  ASSERT_EQ(run("deleteSecurityGroup", R"("name":"shop","regions":["here"])"), Status::succeeded);
  EXPECT_THAT(world.cloud().now().firewalls, SizeIs(1));
  EXPECT_EQ(world.cloud().operations_run_twice(), 0);
}

struct Refused {
  std::string context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.context;
}
class FirewallFields : public Firewalls, public ::testing::WithParamInterface<Refused> {};

TEST_P(FirewallFields, AreRefusedByName) {
  EXPECT_EQ(world.run(execution({{.type = "upsertSecurityGroup", .context = GetParam().context}})),
            Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, FirewallFields,
    ::testing::Values(
        Refused{R"({"region":"here","name":"x"})", "account: "},
        Refused{R"({"credentials":"local","region":"here"})", "securityGroupName: "},
        Refused{R"({"credentials":"local","name":"x"})", "regions: "},
        Refused{R"({"credentials":"local","region":"here","securityGroupName":"x","ipIngress":{}})",
                "ipIngress: a list of rules"},
        Refused{
            R"({"credentials":"local","region":"here","securityGroupName":"x","ipIngress":[{"cidr":"10.0.0.0/8",
            "startPort":80,"endPort":70000}]})",
            "ipIngress[0].endPort: a port from 0 to 65535"},
        Refused{R"({"credentials":"local","region":"here","securityGroupName":"x","ipIngress":[{"cidr":"ten",
            "startPort":80,"endPort":80}]})",
                "ipIngress[0].cidr: a range such as"},
        Refused{
            R"({"credentials":"local","region":"here","securityGroupName":"x","inboundRules":[{"protocol":"tcp",
            "portRanges":[]}]})",
            "inboundRules[0].range: "}));

}  // namespace
}  // namespace gennaker::stages
