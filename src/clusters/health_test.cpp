#include "clusters/health.h"

#include <gtest/gtest.h>

#include "testing/builders.h"

namespace gennaker::clusters {
namespace {

using model::Health;
using model::HealthState;
using model::Instance;

Health says(const std::string& type, HealthState state) {
  return {.type = type, .state = state, .description = "", .platform = type == "Local"};
}

Instance with(std::vector<Health> health) {
  Instance instance;
  instance.id = "i";
  instance.health = std::move(health);
  instance.state = aggregate(instance.health);
  return instance;
}

struct Case {
  std::string name;
  std::vector<Health> health;
  HealthNames names;
  bool up, down;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class Predicates : public ::testing::TestWithParam<Case> {};

TEST_P(Predicates, AgreeWithTheTable) {
  const Instance instance = with(GetParam().health);
  EXPECT_EQ(is_up(instance, GetParam().names), GetParam().up);
  EXPECT_EQ(is_down(instance, GetParam().names), GetParam().down);
}

using Names = std::vector<std::string>;
const HealthNames all_count;

INSTANTIATE_TEST_SUITE_P(
    Instances, Predicates,
    ::testing::Values(
        Case{"nothing known", {}, all_count, false, true},
        Case{"nothing known, names given", {}, Names{"LoadBalancer"}, false, true},
        Case{"up", {says("LoadBalancer", HealthState::up)}, all_count, true, false},
        Case{"up on a running machine",
             {says("Local", HealthState::unknown), says("LoadBalancer", HealthState::up)},
             all_count,
             true,
             false},
        Case{"only a running machine", {says("Local", HealthState::unknown)}, all_count, false, true},
        Case{"only a running machine, which is what counts",
             {says("Local", HealthState::unknown)},
             Names{"Local"},
             true,
             false},
        Case{"a dead machine", {says("Local", HealthState::down)}, Names{"Local"}, false, true},
        Case{"starting", {says("LoadBalancer", HealthState::starting)}, all_count, false, true},
        Case{"draining", {says("LoadBalancer", HealthState::draining)}, all_count, false, false},
        Case{"failed", {says("LoadBalancer", HealthState::failed)}, all_count, false, true},
        Case{"up and out of service is neither",
             {says("HealthCheck", HealthState::up), says("LoadBalancer", HealthState::out_of_service)},
             all_count,
             false,
             false},
        Case{"the names choose",
             {says("HealthCheck", HealthState::up), says("LoadBalancer", HealthState::out_of_service)},
             Names{"HealthCheck"},
             true,
             false},
        Case{"no name counts", {says("LoadBalancer", HealthState::down)}, Names{}, true, true}));

TEST(Predicates, NeverBothTrue) {
  const HealthState states[] = {HealthState::up,       HealthState::down,    HealthState::out_of_service,
                                HealthState::starting, HealthState::unknown, HealthState::draining,
                                HealthState::failed};
  const HealthNames choices[] = {all_count, Names{"Local"}, Names{"LoadBalancer"},
                                 Names{"Local", "LoadBalancer"}};
  for (const HealthState platform : states) {
    for (const HealthState traffic : states) {
      for (const HealthNames& names : choices) {
        const Instance instance = with({says("Local", platform), says("LoadBalancer", traffic)});
        EXPECT_FALSE(is_up(instance, names) && is_down(instance, names))
            << model::to_string(platform) << " " << model::to_string(traffic);
      }
    }
  }
}

TEST(Aggregate, OneVoiceAgainstIsEnough) {
  EXPECT_EQ(aggregate({}), HealthState::unknown);
  EXPECT_EQ(aggregate({says("Local", HealthState::unknown)}), HealthState::unknown);
  EXPECT_EQ(aggregate({says("Local", HealthState::unknown), says("LoadBalancer", HealthState::up)}),
            HealthState::up);
  EXPECT_EQ(aggregate({says("HealthCheck", HealthState::up), says("LoadBalancer", HealthState::down)}),
            HealthState::down);
  EXPECT_EQ(aggregate({says("HealthCheck", HealthState::starting), says("LoadBalancer", HealthState::down)}),
            HealthState::starting);
  EXPECT_EQ(
      aggregate({says("HealthCheck", HealthState::up), says("LoadBalancer", HealthState::out_of_service)}),
      HealthState::out_of_service);
}

TEST(Traffic, ADisabledGroupThatNoLoadBalancerKnowsHasNone) {
  model::ServerGroup group = testing::server_group("shop-v001");
  group.instances = {with({says("HealthCheck", HealthState::up)})};
  EXPECT_FALSE(is_without_traffic(group, group.instances[0]));
  EXPECT_TRUE(is_active(group));
  group.disabled = true;
  EXPECT_TRUE(is_without_traffic(group, group.instances[0]));
  EXPECT_FALSE(is_active(group));
}

TEST(Traffic, ADisabledGroupThatIsStillInALoadBalancerHasSome) {
  model::ServerGroup group = testing::server_group("shop-v001");
  group.disabled = true;
  group.instances = {with({says("LoadBalancer", HealthState::up)})};
  EXPECT_FALSE(is_without_traffic(group, group.instances[0]));
  EXPECT_TRUE(is_active(group));
  group.instances = {with({says("LoadBalancer", HealthState::draining)})};
  EXPECT_FALSE(is_without_traffic(group, group.instances[0]));
}

TEST(Describe, SaysHowEachInstanceStandsAndWhy) {
  model::ServerGroup group = testing::server_group("shop-v001", {.up = 1, .down = 1});
  group.instances[1].health[0].description = "connection refused on port 8081";
  EXPECT_EQ(describe_instances(group), "shop-v001-1 Down (connection refused on port 8081), shop-v001-0 Up");
  EXPECT_EQ(describe_unhealthy(group), "shop-v001-1 Down (connection refused on port 8081)");
  group.instances.clear();
  EXPECT_EQ(describe_instances(group), "no instances");
}

TEST(Describe, SaysAFewOfMany) {
  const auto group = testing::server_group("shop-v001", {.up = 1, .down = 6});
  EXPECT_EQ(
      describe_instances(group),
      "shop-v001-1 Down, shop-v001-2 Down, shop-v001-3 Down, shop-v001-4 Down, shop-v001-5 Down, and 2 more");
  EXPECT_EQ(describe_unhealthy(group), "");
}

TEST(Count, ByAggregateState) {
  const auto counts = count_instances(testing::server_group("shop-v001", {.up = 2, .down = 3}));
  EXPECT_EQ(counts.total, 5);
  EXPECT_EQ(counts.up, 2);
  EXPECT_EQ(counts.down, 3);
}

}  // namespace
}  // namespace gennaker::clusters
