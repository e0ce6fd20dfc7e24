#include "providers/local/settings.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "providers/haproxy/load_balancer_settings.h"
#include "providers/local/group.h"
#include "providers/shim/process_spec.h"

namespace gennaker::providers::local {
namespace {

TEST(GroupSettings, HaveDefaults) {
  const auto settings = group_settings_of({{"command", "./run --port $PORT"}});
  EXPECT_EQ(settings.command, (std::vector<std::string>{"/bin/sh", "-c", "./run --port $PORT"}));
  EXPECT_EQ(settings.health_check.type, CheckType::http);
  EXPECT_EQ(settings.health_check.path, "/health");
  EXPECT_EQ(settings.health_check.interval, milliseconds(500));
  EXPECT_EQ(settings.health_check.unhealthy_threshold, 2);
  EXPECT_EQ(settings.log_file_bytes, 10 << 20);
  EXPECT_FALSE(settings.port);
}

TEST(GroupSettings, TakeWhatIsGiven) {
  const auto document = base::parse_json_object(
      R"({"command": ["run", "-x"], "env": {"A": "1", "B": 2, "C": true}, "port": "9000",
          "workingDirectory": "sub", "healthCheck": {"type": "tcp", "intervalMs": 100, "healthyThreshold": 3},
          "limits": {"memoryMb": 64, "openFiles": 100}, "logs": {"maxSizeMb": 1, "files": 0},
          "restart": {"firstDelayMs": 100}, "stopGraceMs": 0})",
      "settings");
  const auto settings = group_settings_of(document);
  EXPECT_EQ(settings.command, (std::vector<std::string>{"run", "-x"}));
  EXPECT_EQ(settings.environment,
            (std::map<std::string, std::string>{{"A", "1"}, {"B", "2"}, {"C", "true"}}));
  EXPECT_EQ(settings.port, 9000);
  EXPECT_EQ(settings.health_check.type, CheckType::tcp);
  EXPECT_EQ(settings.health_check.healthy_threshold, 3);
  EXPECT_EQ(settings.memory_mb, 64);
  EXPECT_EQ(settings.log_files, 0);
  EXPECT_EQ(settings.first_restart_delay, milliseconds(100));
  EXPECT_EQ(settings.stop_grace, milliseconds(0));
}

struct Refused {
  std::string_view settings, field;
};
void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.settings;
}
class GroupSettingsRefuse : public testing::TestWithParam<Refused> {};

TEST_P(GroupSettingsRefuse, NamingTheField) {
  try {
    group_settings_of(base::parse_json_object(GetParam().settings, "settings"));
    FAIL() << "not refused";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::Kind::invalid);
    EXPECT_EQ(base::string_or(error.details(), "field", ""), GetParam().field) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Settings, GroupSettingsRefuse,
    testing::Values(
        Refused{R"({})", "settings.command"}, Refused{R"({"command": 3})", "settings.command"},
        Refused{R"({"command": "  "})", "settings.command"},
        Refused{R"({"command": []})", "settings.command"},
        Refused{R"({"command": ["a", 1]})", "settings.command"},
        Refused{R"({"command": "a\u0000b"})", "settings.command"},
        Refused{R"({"command": "a", "port": 0})", "settings.port"},
        Refused{R"({"command": "a", "port": "${x}"})", "settings.port"},
        Refused{R"({"command": "a", "env": []})", "settings.env"},
        Refused{R"({"command": "a", "env": {"A": {}}})", "settings.env.A"},
        Refused{R"({"command": "a", "env": {"A=B": ""}})", "settings.env.A=B"},
        Refused{R"({"command": "a", "healthCheck": "x"})", "settings.healthCheck"},
        Refused{R"({"command": "a", "healthCheck": {"type": "icmp"}})", "settings.healthCheck.type"},
        Refused{R"({"command": "a", "healthCheck": {"path": "x"}})", "settings.healthCheck.path"},
        Refused{R"({"command": "a", "healthCheck": {"path": "/a b"}})", "settings.healthCheck.path"},
        Refused{R"({"command": "a", "healthCheck": {"path": "/a\nserver"}})", "settings.healthCheck.path"},
        Refused{R"({"command": "a", "healthCheck": {"intervalMs": 1}})", "settings.healthCheck.intervalMs"},
        Refused{R"({"command": "a", "healthCheck": {"interval": 500}})", "settings.healthCheck.interval"},
        Refused{R"({"command": "a", "limits": {"memoryMb": -1}})", "settings.limits.memoryMb"},
        Refused{R"({"command": "a", "logs": {"maxSizeMb": 0}})", "settings.logs.maxSizeMb"},
        Refused{R"({"command": "a", "restart": {"x": 0}})", "settings.restart.x"},
        Refused{R"({"command": "a", "comand": "b"})", "settings.comand"}));

TEST(LoadBalancerSettings, AreChecked) {
  const auto settings = load_balancer_settings_of(
      {{"port", 8080}, {"bind", "0.0.0.0"}, {"healthCheck", {{"type", "http"}, {"path", "/up"}}}});
  EXPECT_EQ(settings.port, 8080);
  EXPECT_EQ(settings.bind, "0.0.0.0");
  EXPECT_EQ(settings.check_path, "/up");
  EXPECT_EQ(load_balancer_settings_of({{"port", 1}}).check_path, "");
  EXPECT_THROW(load_balancer_settings_of({}), base::Error);
  EXPECT_THROW(load_balancer_settings_of({{"port", 65536}}), base::Error);
  EXPECT_THROW(load_balancer_settings_of({{"port", 1}, {"bind", "x\nbind *:2"}}), base::Error);
  EXPECT_THROW(load_balancer_settings_of({{"port", 1}, {"other", 2}}), base::Error);
}

TEST(GroupFile, KeepsEverything) {
  Group group{.name = "shop-main-v007", .create_key = "k", .ancestor = "shop-main-v006"};
  group.stage = GroupStage::destroying;
  group.created = base::from_millis(12);
  group.capacity = {1, 3, 2};
  group.disabled = true;
  group.image_id = "demo-1";
  group.load_balancers = {"a", "b"};
  group.raw_settings = {{"command", "x"}, {"port", 9000}};
  group.instances = {{.index = 0, .port = 9000, .launched = base::from_millis(13)},
                     {.index = 2, .retiring = true}};
  const Group read = group_of(to_json(group));
  EXPECT_EQ(to_json(read), to_json(group));
  EXPECT_EQ(read.moniker.cluster, "shop-main");
  EXPECT_EQ(read.settings.port, 9000);
  EXPECT_THROW(group_of({{"name", "x-v001"}, {"settings", {{"command", 1}}}}), base::Error);
}

TEST(ProcessFile, KeepsEverything) {
  ProcessSpec spec;
  spec.command = {"a", "b"};
  spec.environment = {{"A", "1"}};
  spec.directory = "/x";
  spec.memory_mb = 5;
  spec.log_files = 0;
  spec.stop_grace = std::chrono::milliseconds(1);
  EXPECT_EQ(to_json(process_spec_of(to_json(spec))), to_json(spec));
  EXPECT_THROW(process_spec_of({}), base::Error);
  EXPECT_THROW(process_spec_of({{"command", {"a"}}, {"memoryMb", -1}}), base::Error);
}

}  // namespace
}  // namespace gennaker::providers::local
