#include "clusters/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/builders.h"

namespace gennaker::clusters {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::server_group;

std::vector<std::string> names(const ServerGroups& groups) {
  std::vector<std::string> all;
  for (const auto* group : groups) all.push_back(group->name.substr(group->name.size() - 4));
  return all;
}

ServerGroups pointers(const std::vector<model::ServerGroup>& groups) {
  ServerGroups all;
  for (const auto& group : groups) all.push_back(&group);
  return all;
}

/// v000 to v003, the oldest two without traffic.
std::vector<model::ServerGroup> generations() {
  return {server_group("shop-v000", {.up = 5, .disabled = true, .created_ms = 1}),
          server_group("shop-v001", {.up = 1, .disabled = true, .created_ms = 2}),
          server_group("shop-v002", {.up = 2, .created_ms = 3}),
          server_group("shop-v003", {.up = 2, .created_ms = 4})};
}

TEST(Removal, WithoutADeploymentKeepsTheNewest) {
  const auto groups = generations();
  const Selection all{.keep = 1, .spare_active = false};
  EXPECT_THAT(names(select_for_removal(pointers(groups), {}, all)), ElementsAre("v002", "v001", "v000"));
}

TEST(Removal, ProtectsWhatThisExecutionDeployed) {
  const auto groups = generations();
  const Selection all{.keep = 1, .spare_active = false};
  EXPECT_THAT(names(select_for_removal(pointers(groups), {"SHOP-v003"}, all)),
              ElementsAre("v002", "v001", "v000"));
}

TEST(Removal, ProtectsWhatIsYoungerThanOurOldest) {
  const auto groups = generations();
  const Selection none_kept{.keep = 0, .spare_active = false};
  EXPECT_THAT(names(select_for_removal(pointers(groups), {"shop-v001"}, none_kept)), ElementsAre("v000"));
}

TEST(Removal, AGroupOfOursThatIsGoneProtectsNothing) {
  const auto groups = generations();
  const Selection none_kept{.keep = 0, .spare_active = false};
  EXPECT_EQ(select_for_removal(pointers(groups), {"shop-v009"}, none_kept).size(), 4u);
}

TEST(Removal, SparesActiveOnesAndCountsThem) {
  const auto groups = generations();
  EXPECT_THAT(names(select_for_removal(pointers(groups), {"shop-v003"}, {.keep = 2})),
              ElementsAre("v001", "v000"));
  EXPECT_THAT(names(select_for_removal(pointers(groups), {"shop-v003"}, {.keep = 3})), ElementsAre("v000"));
  EXPECT_THAT(select_for_removal(pointers(groups), {"shop-v003"}, {.keep = 4}), IsEmpty());
}

TEST(Removal, KeepsActiveOnesFirstWhenItMayTouchThem) {
  const std::vector groups = {server_group("shop-v000", {.created_ms = 1}),
                              server_group("shop-v001", {.disabled = true, .created_ms = 2})};
  EXPECT_THAT(names(select_for_removal(pointers(groups), {}, {.keep = 1, .spare_active = false})),
              ElementsAre("v001"));
}

TEST(Removal, KeepsLargerOnesWhenAsked) {
  const auto groups = generations();
  EXPECT_THAT(names(select_for_removal(pointers(groups), {}, {.keep = 3, .larger_first = true})),
              ElementsAre("v001"));
  EXPECT_THAT(names(select_for_removal(pointers(groups), {}, {.keep = 3, .larger_first = false})),
              ElementsAre("v000"));
}

TEST(Removal, NeverTouchesOursWhateverIsAsked) {
  const auto groups = generations();
  for (const bool spare : {false, true}) {
    for (const bool larger : {false, true}) {
      for (int keep = 0; keep < 6; ++keep) {
        for (std::size_t ours = 0; ours < groups.size(); ++ours) {
          const auto chosen =
              select_for_removal(pointers(groups), {groups[ours].name}, {keep, spare, larger});
          EXPECT_LE(static_cast<int>(chosen.size()), std::max(0, static_cast<int>(groups.size()) - keep));
          for (const auto* group : chosen) EXPECT_LT(group->created_time, groups[ours].created_time);
        }
      }
    }
  }
}

TEST(Disabling, LeavesOnlyOurs) {
  const auto groups = generations();
  EXPECT_THAT(names(select_for_disabling(pointers(groups), {"shop-v003"}, 1, false)), ElementsAre("v002"));
}

TEST(Disabling, CountsEnabledOnesOnly) {
  const auto groups = generations();
  EXPECT_THAT(names(select_for_disabling(pointers(groups), {}, 1, false)), ElementsAre("v002"));
  EXPECT_THAT(select_for_disabling(pointers(groups), {}, 2, false), IsEmpty());
  EXPECT_THAT(names(select_for_disabling(pointers(groups), {}, 0, false)), ElementsAre("v003", "v002"));
}

}  // namespace
}  // namespace gennaker::clusters
