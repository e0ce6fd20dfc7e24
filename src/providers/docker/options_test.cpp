#include "providers/docker/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::providers::docker {
namespace {

using ::testing::HasSubstr;

boost::json::object section(std::string_view text) {
  return base::parse_json_object(text, "the section");
}

TEST(DockerOptions, AreReadFromTheConfiguration) {
  const DockerOptions options = docker_options_of(section(R"({
      "accounts": [{
        "name": "prod", "environment": "live",
        "hosts": [
          {"name": "a", "address": "unix:///run/podman/podman.sock"},
          {"name": "b", "address": "tcp://b.example.com:2376", "reachableAt": "b.example.com", "region": "east",
           "tls": {"caFile": "/ca", "certificateFile": "/cert", "keyFile": "/key"}}],
        "registries": [{"address": "registry:5000", "username": "ann", "passwordFile": "/run/password"}]}],
      "firstPort": 100, "lastPort": 200, "haproxy": "haproxy"})"));
  ASSERT_EQ(options.accounts.size(), 1U);
  const DockerAccount& account = options.accounts[0];
  EXPECT_EQ(account.name, "prod");
  EXPECT_EQ(account.environment, "live");
  ASSERT_EQ(account.hosts.size(), 2U);
  EXPECT_EQ(account.hosts[0].reachable_at, "127.0.0.1");
  EXPECT_EQ(account.hosts[0].region, "docker");
  EXPECT_FALSE(account.hosts[0].address.tls);
  EXPECT_EQ(account.hosts[1].region, "east");
  EXPECT_EQ(account.hosts[1].reachable_at, "b.example.com");
  EXPECT_EQ(account.hosts[1].address.tls->key_file, "/key");
  ASSERT_EQ(account.registries.size(), 1U);
  EXPECT_EQ(account.registries[0].password_file, "/run/password");
  EXPECT_EQ(options.first_port, 100);
  EXPECT_EQ(options.last_port, 200);
  EXPECT_EQ(options.haproxy, "haproxy");
}

TEST(DockerOptions, AreNoneByThemselves) {
  EXPECT_TRUE(docker_options_of({}).accounts.empty());
}

struct Case {
  std::string_view name, section, message;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class DockerOptionsThatAreWrong : public testing::TestWithParam<Case> {};

TEST_P(DockerOptionsThatAreWrong, AreRefusedByName) {
  try {
    docker_options_of(section(GetParam().section));
    FAIL() << "not refused";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::Kind::invalid);
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Sections, DockerOptionsThatAreWrong,
    testing::Values(
        Case{"an unknown key", R"({"acounts": []})", "docker.acounts: is not known"},
        Case{"no name", R"({"accounts": [{"hosts": []}]})", "docker.accounts[0].name: '' is no name"},
        Case{"a path for a name", R"({"accounts": [{"name": "../x"}]})", "docker.accounts[0].name"},
        Case{"no host", R"({"accounts": [{"name": "a"}]})", "docker.accounts[0].hosts: at least one host"},
        Case{"no address", R"({"accounts": [{"name": "a", "hosts": [{"name": "h"}]}]})",
             "docker.accounts[0].hosts[0].address: is needed"},
        Case{"an address of another sort",
             R"({"accounts": [{"name": "a", "hosts": [{"name": "h", "address": "ssh://x"}]}]})",
             "docker.accounts[0].hosts[0].address: 'ssh://x' is not an address"},
        Case{"a host twice",
             R"({"accounts": [{"name": "a", "hosts": [{"name": "h", "address": "unix:///a"},
                                                      {"name": "h", "address": "unix:///b"}]}]})",
             "docker.accounts[0].hosts[1].name: 'h' is there twice"},
        Case{"a place that cannot be",
             R"({"accounts": [{"name": "a", "hosts": [{"name": "h", "address": "unix:///a",
                                                       "reachableAt": "x y"}]}]})",
             "docker.accounts[0].hosts[0].reachableAt: 'x y'"},
        Case{"half a certificate",
             R"({"accounts": [{"name": "a", "hosts": [{"name": "h", "address": "tcp://b",
                                                       "tls": {"keyFile": "/k"}}]}]})",
             "docker.accounts[0].hosts[0].tls.keyFile: goes with certificateFile"},
        Case{"two passwords",
             R"({"accounts": [{"name": "a", "hosts": [{"name": "h", "address": "tcp://b"}],
                 "registries": [{"address": "r", "username": "u", "password": "p", "passwordFile": "/f"}]}]})",
             "docker.accounts[0].registries[0].password: one of password and passwordFile"},
        Case{"a registry's URL",
             R"({"accounts": [{"name": "a", "hosts": [{"name": "h", "address": "tcp://b"}],
                 "registries": [{"address": "https://r", "username": "u", "password": "p"}]}]})",
             "docker.accounts[0].registries[0].address: 'https://r' must be a host"},
        Case{"ports the wrong way round", R"({"firstPort": 2, "lastPort": 1})", "docker.lastPort"}));

}  // namespace
}  // namespace gennaker::providers::docker
