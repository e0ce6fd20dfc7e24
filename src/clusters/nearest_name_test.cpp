#include "clusters/nearest_name.h"

#include <gtest/gtest.h>

namespace gennaker::clusters {
namespace {

TEST(NearestName, FindsTheSlip) {
  EXPECT_EQ(nearest_name("prod-eu", {"prod-eu1", "test"}), "prod-eu1");
  EXPECT_EQ(nearest_name("lcoal", {"local", "docker"}), "local");
}

TEST(NearestName, LeavesOtherWordsAlone) {
  EXPECT_EQ(nearest_name("production", {"local"}), std::nullopt);
  EXPECT_EQ(nearest_name("local", {}), std::nullopt);
}

TEST(Suggestion, NamesOneOrAll) {
  EXPECT_EQ(suggestion("lcoal", {"local", "docker"}), "; did you mean 'local'?");
  EXPECT_EQ(suggestion("kubernetes", {"local", "docker"}), "; known: local, docker");
  EXPECT_EQ(suggestion("local", {}), "");
}

}  // namespace
}  // namespace gennaker::clusters
