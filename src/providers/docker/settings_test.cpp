#include "providers/docker/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "providers/docker/container_spec.h"

namespace gennaker::providers::docker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

GroupSettings read(std::string_view text) {
  return group_settings_of(base::parse_json_object(text, "settings"));
}

Group group_with(std::string_view settings) {
  Group group;
  group.name = "shop-main-v003";
  group.moniker.app = "shop";
  group.image_id = "registry:5000/shop:1.2";
  group.version = "1.2";
  group.settings = read(settings);
  return group;
}

TEST(DockerSettings, HaveDefaults) {
  const GroupSettings settings = read("{}");
  EXPECT_TRUE(settings.command.empty()) << "the image's";
  EXPECT_EQ(settings.network, "bridge");
  EXPECT_EQ(settings.container_port, 8080);
  EXPECT_EQ(settings.health_check.type, CheckType::http);
  EXPECT_EQ(settings.stop_grace, milliseconds(10'000));
}

TEST(DockerSettings, BecomeAContainer) {
  const Group group = group_with(R"({
      "command": ["serve", "--quiet"], "env": {"A": 1, "VERSION": "mine", "PORT": "no"}, "containerPort": 9000,
      "ports": [{"containerPort": 9100, "hostPort": 9101, "protocol": "udp"}],
      "memoryMb": 64, "cpus": 0.5, "openFiles": 512, "user": "1000:1000",
      "mounts": [{"source": "/etc/shop", "target": "/config", "readOnly": true},
                 {"type": "volume", "source": "data", "target": "/data"}],
      "stopGraceMs": 1500, "labels": {"team": "web"}})");
  const auto spec = instance_spec("prod", group, {.index = 2, .host = "a", .port = 26'000}, "127.0.0.1");
  EXPECT_EQ(spec.image, "registry:5000/shop:1.2");
  EXPECT_THAT(spec.command, ElementsAre("serve", "--quiet"));
  EXPECT_THAT(spec.environment, ElementsAre(Pair("A", "1"), Pair("APPLICATION", "shop"),
                                            Pair("INSTANCE", "shop-main-v003-2"), Pair("PORT", "9000"),
                                            Pair("SERVER_GROUP", "shop-main-v003"), Pair("VERSION", "mine")));
  EXPECT_THAT(spec.labels, ElementsAre(Pair("gennaker.account", "prod"), Pair("gennaker.health-check", "{}"),
                                       Pair("gennaker.index", "2"),
                                       Pair("gennaker.server-group", "shop-main-v003"), Pair("team", "web")));
  ASSERT_EQ(spec.ports.size(), 2U);
  EXPECT_EQ(spec.ports[0].protocol, engine::Protocol::udp);
  EXPECT_EQ(spec.ports[1].container_port, 9000);
  EXPECT_EQ(spec.ports[1].host_port, 26'000);
  EXPECT_EQ(spec.ports[1].host_address, "127.0.0.1");
  EXPECT_EQ(spec.memory_limit_bytes, 64 * 1024 * 1024);
  EXPECT_EQ(spec.cpu_limit_millis, 500);
  ASSERT_EQ(spec.ulimits.size(), 2U) << "never nofile alone";
  EXPECT_EQ(spec.ulimits[1].name, "nproc");
  EXPECT_TRUE(spec.mounts[0].read_only);
  EXPECT_EQ(spec.mounts[1].kind, engine::Mount::Kind::volume);
  EXPECT_EQ(spec.stop_timeout, std::chrono::seconds(2));
  EXPECT_EQ(spec.restart.kind, engine::RestartPolicy::Kind::on_failure);
}

TEST(DockerSettings, GiveThePortOfTheHostOnItsNetwork) {
  const Group group = group_with(R"({"network": "host", "command": "exec serve"})");
  const auto spec = instance_spec("prod", group, {.index = 0, .host = "a", .port = 26'007}, "127.0.0.1");
  EXPECT_EQ(spec.environment.at("PORT"), "26007");
  EXPECT_TRUE(spec.ports.empty());
  EXPECT_EQ(spec.network, "host");
  EXPECT_THAT(spec.command, ElementsAre("/bin/sh", "-c", "exec serve"));
  EXPECT_TRUE(spec.ulimits.empty()) << "the engine's";
}

struct Case {
  std::string_view name, settings, message;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class DockerSettingsThatAreWrong : public testing::TestWithParam<Case> {};

TEST_P(DockerSettingsThatAreWrong, AreRefusedByName) {
  try {
    read(GetParam().settings);
    FAIL() << "not refused";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::Kind::invalid);
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Settings, DockerSettingsThatAreWrong,
    testing::Values(
        Case{"misspelt", R"({"memory": 5})", "settings.memory: is not known"},
        Case{"too little memory", R"({"memoryMb": 1})", "settings.memoryMb: a whole number from 6"},
        Case{"no cores", R"({"cpus": 0})", "settings.cpus: a number of cores"},
        Case{"a text for cores", R"({"cpus": "two"})", "settings.cpus: a number of cores"},
        Case{"no network", R"({"network": "none"})", "settings.network: 'none' cannot be reached"},
        Case{"a container's port on the host's network", R"({"network": "host", "containerPort": 1})",
             "settings.containerPort: goes with a network of its own"},
        Case{"a relative mount", R"({"mounts": [{"source": "x", "target": "/y"}]})",
             "settings.mounts[0].source: an absolute path"},
        Case{"a mount to nowhere", R"({"mounts": [{"source": "/x"}]})", "settings.mounts[0].target"},
        Case{"a mount of another sort", R"({"mounts": [{"type": "nfs", "target": "/y"}]})",
             "settings.mounts[0].type: 'nfs' is not known"},
        Case{"a label of ours", R"({"labels": {"gennaker.account": "x"}})",
             "settings.labels.gennaker.account: names that begin with 'gennaker.' are ours"},
        Case{"a check of another sort", R"({"healthCheck": {"type": "icmp"}})",
             "settings.healthCheck.type: 'icmp' is not known; 'http', 'tcp' or 'none' is needed"},
        Case{"a port that is none", R"({"port": 70000})", "settings.port: a whole number from 1 to 65535"}));

}  // namespace
}  // namespace gennaker::providers::docker
