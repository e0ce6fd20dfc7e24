#include "clusters/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/builders.h"

namespace gennaker::clusters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::server_group;

Snapshot three_generations() {
  Snapshot snapshot;
  // v000 is the newest: after 999 follows 000.
  snapshot.server_groups = {server_group("shop-main-v998", {.up = 3, .created_ms = 10}),
                            server_group("shop-main-v999", {.up = 2, .disabled = true, .created_ms = 20}),
                            server_group("shop-main-v000", {.up = 1, .created_ms = 30}),
                            server_group("shop-main-v001", {.up = 9, .created_ms = 40, .region = "there"}),
                            server_group("shop-v005", {.created_ms = 50}),
                            server_group("shopping-v001", {.created_ms = 60})};
  return snapshot;
}

std::vector<std::string> names(const ServerGroups& groups) {
  std::vector<std::string> all;
  for (const auto* group : groups) all.push_back(group->name);
  return all;
}

TEST(Inventory, GroupsAnApplicationsClusters) {
  const Snapshot snapshot = three_generations();
  const auto clusters = clusters_of_application(snapshot, "Shop");
  ASSERT_EQ(clusters.size(), 2u);
  EXPECT_EQ(clusters[0].name, "shop");
  EXPECT_EQ(clusters[1].name, "shop-main");
  EXPECT_EQ(clusters[1].server_groups.size(), 4u);
  EXPECT_FALSE(clusters[1].moniker.sequence.has_value());
}

TEST(Inventory, FindsAClusterInALocation) {
  const Snapshot snapshot = three_generations();
  EXPECT_EQ(server_groups_of_cluster(snapshot, "SHOP-main", "here").size(), 3u);
  EXPECT_EQ(server_groups_of_cluster(snapshot, "shop-main", "here-a").size(), 4u) << "a zone is a location";
  EXPECT_EQ(server_groups_of_cluster(snapshot, "shop-main").size(), 4u);
  EXPECT_TRUE(server_groups_of_cluster(snapshot, "shop-main", "nowhere").empty());
}

TEST(Inventory, FindsByName) {
  const Snapshot snapshot = three_generations();
  EXPECT_NE(find_server_group(snapshot, "here", "shop-main-V998"), nullptr);
  EXPECT_EQ(find_server_group(snapshot, "elsewhere", "shop-main-v998"), nullptr);
}

TEST(Inventory, FindsAnImageByIdOrTheNewestByName) {
  Snapshot snapshot;
  snapshot.images = {{.id = "a1",
                      .name = "shop",
                      .account = "local",
                      .region = "here",
                      .created_time = base::from_millis(1)},
                     {.id = "b2",
                      .name = "shop",
                      .account = "local",
                      .region = "here",
                      .created_time = base::from_millis(2)}};
  EXPECT_EQ(find_image(snapshot, "here", "a1")->id, "a1");
  EXPECT_EQ(find_image(snapshot, "here", "shop")->id, "b2");
  EXPECT_EQ(find_image(snapshot, "there", "shop"), nullptr);
}

struct Case {
  std::string word;
  TargetOptions options;
  std::string expected;  ///< a name, or what the problem says
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.word << (c.options.only_enabled ? ", enabled only" : "");
}
class Targets : public ::testing::TestWithParam<Case> {};

TEST_P(Targets, Resolve) {
  const Snapshot snapshot = three_generations();
  const auto word = parse_target(GetParam().word);
  ASSERT_TRUE(word.has_value());
  const auto found = resolve_target(server_groups_of_cluster(snapshot, "shop-main", "here"), word->target,
                                    GetParam().options);
  if (found.group != nullptr) {
    EXPECT_EQ(found.group->name, GetParam().expected);
  } else {
    EXPECT_THAT(found.problem, HasSubstr(GetParam().expected));
  }
}

INSTANTIATE_TEST_SUITE_P(Words, Targets,
                         ::testing::Values(Case{"current_asg_dynamic", {}, "shop-main-v000"},
                                           Case{"current_asg", {}, "shop-main-v000"},
                                           Case{"ancestor_asg_dynamic", {}, "shop-main-v999"},
                                           Case{"ancestor_asg", {.only_enabled = true}, "shop-main-v998"},
                                           Case{"oldest_asg_dynamic", {}, "shop-main-v998"},
                                           Case{"NEWEST", {}, "shop-main-v000"},
                                           Case{"LARGEST", {}, "shop-main-v998"},
                                           Case{"OLDEST", {}, "shop-main-v998"},
                                           Case{"FAIL", {}, "multiple possible server groups"}));

TEST(Targets, OfOneGroup) {
  const auto only = server_group("shop-v001");
  const ServerGroups groups{&only};
  EXPECT_EQ(resolve_target(groups, Target::current).group, &only);
  EXPECT_EQ(resolve_target(groups, Target::only).group, &only);
  EXPECT_THAT(resolve_target(groups, Target::previous).problem, HasSubstr("only server group"));
  EXPECT_THAT(resolve_target(groups, Target::oldest).problem, HasSubstr("only server group"));
  EXPECT_EQ(resolve_target(groups, Target::oldest, {.validate_oldest = false}).group, &only);
}

TEST(Targets, OfNone) {
  for (const Target target :
       {Target::current, Target::previous, Target::oldest, Target::largest, Target::only}) {
    EXPECT_EQ(resolve_target({}, target).problem, "there is no server group");
  }
  const auto off = server_group("shop-v001", {.disabled = true});
  EXPECT_EQ(resolve_target({&off}, Target::current, {.only_enabled = true}).problem,
            "there is no enabled server group");
}

TEST(Targets, OfEqualSizeTheNewestIsTheLargest) {
  const auto older = server_group("shop-v001", {.up = 2, .created_ms = 1});
  const auto newer = server_group("shop-v002", {.up = 2, .created_ms = 2});
  EXPECT_EQ(resolve_target({&older, &newer}, Target::largest).group, &newer);
}

TEST(Targets, UnknownWord) {
  EXPECT_EQ(parse_target("newest_asg"), std::nullopt);
  EXPECT_EQ(parse_target(""), std::nullopt);
  EXPECT_TRUE(parse_target("current_asg_dynamic")->dynamic);
  EXPECT_FALSE(parse_target("current_asg")->dynamic);
}

TEST(Inventory, SortsNewestFirst) {
  const Snapshot snapshot = three_generations();
  auto groups = server_groups_of_cluster(snapshot, "shop-main", "here");
  sort_newest_first(groups);
  EXPECT_THAT(names(groups), ElementsAre("shop-main-v000", "shop-main-v999", "shop-main-v998"));
}

TEST(Inventory, PinnedMeansAllEqual) {
  auto group = server_group("shop-v001", {.up = 2});
  EXPECT_TRUE(is_pinned(group));
  group.capacity.max = 5;
  EXPECT_FALSE(is_pinned(group));
}

}  // namespace
}  // namespace gennaker::clusters
