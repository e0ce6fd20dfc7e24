#include <gtest/gtest.h>

#include "clients/haproxy/runtime_api.h"

namespace gennaker::clients::haproxy {
namespace {

Configuration two_proxies() {
  return {.proxies = {
              {.name = "shop",
               .port = 8080,
               .check_path = "/health",
               .servers = {{.name = "shop-v000-0", .port = 28000}, {.name = "shop-v000-1", .port = 28001}}},
              {.name = "empty", .bind = "0.0.0.0", .port = 8081}}};
}

TEST(HaproxyConfiguration, ListsProxiesAndServers) {
  const std::string text = write_configuration(two_proxies());
  EXPECT_NE(text.find("frontend shop\n    bind 127.0.0.1:8080\n"), std::string::npos) << text;
  EXPECT_NE(text.find("uri /health"), std::string::npos);
  EXPECT_NE(text.find("    server shop-v000-1 127.0.0.1:28001 check"), std::string::npos);
  EXPECT_NE(text.find("bind 0.0.0.0:8081\n"), std::string::npos);
  EXPECT_NE(text.find("description " + structure_of(two_proxies()) + "\n"), std::string::npos);
  const std::map<std::string, std::set<std::string>> expected{{"shop", {"shop-v000-0", "shop-v000-1"}},
                                                              {"empty", {}}};
  EXPECT_EQ(servers_listed(text), expected);
}

TEST(HaproxyConfiguration, StructureIsAllButTheServers) {
  Configuration changed = two_proxies();
  changed.proxies[0].servers.clear();
  EXPECT_EQ(structure_of(changed), structure_of(two_proxies()));
  changed.proxies[1].port = 8082;
  EXPECT_NE(structure_of(changed), structure_of(two_proxies()));
}

TEST(HaproxyConfiguration, NamesFit) {
  EXPECT_EQ(server_name("shop--a^b~c-v001-0"), "shop--a:cb:tc-v001-0");
  EXPECT_TRUE(is_proxy_name("shop-main.eu_1"));
  EXPECT_FALSE(is_proxy_name(""));
  EXPECT_FALSE(is_proxy_name("a b"));
  EXPECT_FALSE(is_proxy_name("a\nserver x"));
  EXPECT_FALSE(is_proxy_name(std::string(101, 'a')));
}

TEST(HaproxyAnswers, TellProcesses) {
  const Processes found = processes_of(
      "#<PID>          <type>          <reloads>       <uptime>        <version>      \n"
      "15157           master          1 [failed: 0]   0d00h00m07s     2.6.12-1+deb12u4\n"
      "# workers\n16166           worker          0               0d00h00m00s     2.6.12-1+deb12u4\n"
      "# old workers\n15160           worker          1               0d00h00m07s     2.6.12\n# programs\n");
  EXPECT_EQ(found.master, 15157);
  EXPECT_EQ(found.worker, 16166);
  EXPECT_EQ(found.old_workers, std::vector<int>{15160});
  EXPECT_EQ(processes_of("").master, 0);
}

TEST(HaproxyAnswers, TellServers) {
  const auto found = servers_of(
      "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
      "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state "
      "srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord\n"
      "3 shop 1 s0 127.0.0.1 2 8 1 1 0 15 3 2 6 0 0 0 - 18998 - 0 0 - - 0\n"
      "3 shop 2 s1 127.0.0.1 0 1 1 1 1 15 3 2 6 0 0 0 - 18997 - 0 0 - - 0\n"
      "4 other 1 s2 127.0.0.1 2 0 1 1 1 15 3 2 6 0 0 0 - 18996 - 0 0 - - 0\n",
      "# pxname,svname,qcur,qmax,scur,smax\nshop,s0,1,0,2,5,\nshop,s1,0,0,0,1,\n");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].name, "s0");
  EXPECT_EQ(found[0].port, 18998);
  EXPECT_EQ(found[0].admin, AdminState::drain);
  EXPECT_TRUE(found[0].up);
  EXPECT_EQ(found[0].connections, 3);
  EXPECT_EQ(found[1].admin, AdminState::maintenance);
  EXPECT_FALSE(found[1].up);
  EXPECT_EQ(found[2].proxy, "other");
  EXPECT_EQ(found[2].admin, AdminState::ready);
  EXPECT_TRUE(servers_of("", "").empty());
  EXPECT_TRUE(servers_of("nonsense\nmore", "nonsense").empty());
}

}  // namespace
}  // namespace gennaker::clients::haproxy
