#include "clusters/traffic_guards.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "base/virtual_clock.h"
#include "clusters/simulated_cloud.h"
#include "testing/builders.h"
#include "testing/run_async.h"

namespace gennaker::clusters {
namespace {

using ::testing::HasSubstr;
using testing::server_group;

json::array rules(std::string_view text) {
  return base::parse_json(text, "rules").as_array();
}

struct RuleCase {
  std::string name, rules;
  bool guarded;
};
void PrintTo(const RuleCase& c, std::ostream* out) {
  *out << c.name;
}
class Rules : public ::testing::TestWithParam<RuleCase> {};

TEST_P(Rules, MatchTheCluster) {
  const model::Moniker moniker{.app = "shop", .stack = "main", .detail = "", .cluster = "shop-main"};
  EXPECT_EQ(is_guarded(rules(GetParam().rules), moniker, "local", "here"), GetParam().guarded);
}

INSTANTIATE_TEST_SUITE_P(
    Applications, Rules,
    ::testing::Values(
        RuleCase{"none", "[]", false},
        RuleCase{"exact", R"([{"account":"local","location":"here","stack":"main","detail":""}])", true},
        RuleCase{"a missing detail matches none", R"([{"account":"local","location":"here","stack":"main"}])",
                 true},
        RuleCase{"stars", R"([{"account":"*","location":"*","stack":"*","detail":"*"}])", true},
        RuleCase{"switched off",
                 R"([{"enabled":false,"account":"*","location":"*","stack":"*","detail":"*"}])", false},
        RuleCase{"another account", R"([{"account":"aws","location":"*","stack":"*","detail":"*"}])", false},
        RuleCase{"another location", R"([{"account":"*","location":"there","stack":"*","detail":"*"}])",
                 false},
        RuleCase{"an empty stack is no star", R"([{"account":"*","location":"*","detail":"*"}])", false},
        RuleCase{"any rule is enough",
                 R"([{"account":"aws"},{"account":"*","location":"*","stack":"*","detail":"*"}])", true},
        RuleCase{"not a rule", R"(["*"])", false}));

struct Denial {
  std::string name;
  std::vector<model::ServerGroup> cluster;
  std::vector<std::size_t> going_away;
  double ratio;
  std::string denied;  ///< empty: allowed
};
void PrintTo(const Denial& c, std::ostream* out) {
  *out << c.name;
}
class Guards : public ::testing::TestWithParam<Denial> {};

TEST_P(Guards, LetOrRefuse) {
  GuardQuestion question{.account = "local", .location = "here", .verb = "Destroying"};
  for (const auto& group : GetParam().cluster) question.cluster.push_back(&group);
  for (const auto index : GetParam().going_away) question.going_away.push_back(&GetParam().cluster[index]);
  question.min_capacity_ratio = GetParam().ratio;
  const auto reason = why_denied(question);
  EXPECT_EQ(reason.has_value(), !GetParam().denied.empty()) << reason.value_or("");
  EXPECT_THAT(reason.value_or(""), HasSubstr(GetParam().denied));
}

const auto v1 = server_group("shop-v001", {.up = 2});
const auto v2 = server_group("shop-v002", {.up = 2});
const auto sick = server_group("shop-v003", {.up = 0, .down = 2});
const auto off = server_group("shop-v004", {.up = 2, .disabled = true});
const auto large = server_group("shop-v005", {.up = 18});

INSTANTIATE_TEST_SUITE_P(
    Clusters, Guards,
    ::testing::Values(Denial{"the only one", {v1}, {0}, 0, "would leave the cluster with no instances up"},
                      Denial{"another one serves", {v1, v2}, {0}, 0, ""},
                      Denial{"the other one is sick", {v1, sick}, {0}, 0, "has traffic guards enabled"},
                      Denial{"the other one is disabled", {v1, off}, {0}, 0, "no instances up"},
                      Denial{"all together", {v1, v2}, {0, 1}, 0, "shop-v001, shop-v002"},
                      Denial{"a sick one may go", {v1, sick}, {1}, 0, ""},
                      Denial{"a disabled one may go", {v1, off}, {1}, 0.4, ""},
                      Denial{"nothing serves anyway", {sick}, {0}, 0, ""},
                      Denial{"below the minimum", {v1, large}, {1}, 0.3, "2 instance(s) up (10.0% of 20"},
                      Denial{"pinned twins", {v1, v2, v2, v2}, {1, 2, 3}, 0.3, ""}));

class GuardedClouds : public ::testing::Test {
 protected:
  GuardedClouds() {
    auto made = std::make_unique<SimulatedCloud>(clock);
    cloud = made.get();
    cloud->put(server_group("shop-v001"));
    clouds.add(std::move(made));
    testing::run_async(io, clouds.start());
  }
  ~GuardedClouds() override {
    testing::run_async(io, clouds.stop());
    io.poll();
  }
  std::string denied(GuardRules rules_of) {
    const TrafficGuards guards(clouds, std::move(rules_of));
    try {
      testing::run_async(io, guards.check("local", "here", {"shop-v001"}, "Disabling"));
    } catch (const base::Error& error) {
      return error.what();
    }
    return "";
  }

  boost::asio::io_context io;
  base::VirtualClock clock;
  Clouds clouds{io.get_executor()};
  SimulatedCloud* cloud = nullptr;
};

Async<json::array> guard_all(std::string) {
  co_return rules(R"([{"account":"*","location":"*","stack":"*","detail":"*"}])");
}
Async<json::array> guard_nothing(std::string) {
  co_return json::array{};
}
Async<json::array> cannot_tell(std::string) {
  throw base::Error(base::Kind::unavailable, "the store does not answer");
  co_return json::array{};
}

TEST_F(GuardedClouds, RefuseTheLastServerGroup) {
  EXPECT_THAT(denied(guard_all), HasSubstr("cluster 'shop' in local/here has traffic guards enabled. "
                                           "Disabling [shop-v001] would leave the cluster with no"));
  cloud->put(server_group("shop-v002"));
  EXPECT_EQ(denied(guard_all), "") << "the news of v002 must be fetched before the decision";
}

TEST_F(GuardedClouds, LetWithoutRules) {
  EXPECT_EQ(denied(guard_nothing), "");
}

TEST_F(GuardedClouds, TellWhoOnlyWantsToKnow) {
  const TrafficGuards guards(clouds, guard_all);
  GuardVerdict verdict = testing::run_async(io, guards.ask("local", "here", {"shop-v001"}, "Disabling"));
  EXPECT_THAT(verdict.denied.value_or(""), HasSubstr("Disabling [shop-v001] would leave"));
  EXPECT_EQ(verdict.rules, rules(R"([{"account":"*","location":"*","stack":"*","detail":"*"}])"));
  verdict = testing::run_async(io, guards.ask("local", "here", {"shop-v001"}, ""));
  EXPECT_EQ(verdict.denied, std::nullopt) << "what takes no traffic away is allowed";
  EXPECT_EQ(verdict.rules.size(), 1U) << "and still one wants to know that the cluster is guarded";
  verdict = testing::run_async(io, guards.ask("local", "here", {"shop-v009"}, "Disabling"));
  EXPECT_TRUE(verdict.rules.empty() && !verdict.denied) << "what is not there loses nothing";
}

TEST(GuardedVerb, IsThatOfOperationsThatTakeTrafficAway) {
  EXPECT_EQ(guarded_verb("destroyServerGroup"), "Destroying");
  EXPECT_EQ(guarded_verb("terminateInstances"), "Terminating all instances in");
  EXPECT_EQ(guarded_verb("enableServerGroup"), "");
  EXPECT_EQ(guarded_verb("rebootInstances"), "");
}

TEST_F(GuardedClouds, FailClosed) {
  EXPECT_EQ(denied(cannot_tell), "the store does not answer");
}

}  // namespace
}  // namespace gennaker::clusters
