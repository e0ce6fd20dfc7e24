#include "providers/docker/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gennaker::providers::docker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Placement, SpreadsAGroup) {
  EXPECT_THAT(place({{"b"}, {"a"}, {"c"}}, 5), ElementsAre("a", "b", "c", "a", "b"));
}

TEST(Placement, LooksAtTheGroupFirst) {
  EXPECT_THAT(place({{"a", 1, 1}, {"b", 0, 9}}, 2), ElementsAre("b", "a"));
}

TEST(Placement, LooksAtAllNext) {
  EXPECT_THAT(place({{"a", 0, 3}, {"b", 0, 1}}, 3), ElementsAre("b", "a", "b"));
}

TEST(Placement, HasNoPlaceWithoutAHost) {
  EXPECT_THAT(place({}, 3), IsEmpty());
}

TEST(Placement, NumbersFromBelow) {
  EXPECT_THAT(free_indices({0, 2, 3}, 3), ElementsAre(1, 4, 5));
  EXPECT_THAT(free_indices({}, 2), ElementsAre(0, 1));
}

}  // namespace
}  // namespace gennaker::providers::docker
