#include "clusters/naming.h"

#include <gtest/gtest.h>

namespace gennaker::clusters {
namespace {

struct Name {
  std::string_view text, app, stack, detail, cluster;
  int sequence;  ///< -1: none
};
void PrintTo(const Name& name, std::ostream* out) {
  *out << name.text;
}
class ParseName : public testing::TestWithParam<Name> {};

TEST_P(ParseName, FindsTheParts) {
  const auto moniker = parse_name(GetParam().text);
  EXPECT_EQ(moniker.app, GetParam().app);
  EXPECT_EQ(moniker.stack, GetParam().stack);
  EXPECT_EQ(moniker.detail, GetParam().detail);
  EXPECT_EQ(moniker.cluster, GetParam().cluster);
  EXPECT_EQ(moniker.sequence.value_or(-1), GetParam().sequence);
}

INSTANTIATE_TEST_SUITE_P(Names, ParseName,
                         testing::Values(Name{"shop-v000", "shop", "", "", "shop", 0},
                                         Name{"shop-main-v012", "shop", "main", "", "shop-main", 12},
                                         Name{"shop-main-eu-west-v999", "shop", "main", "eu-west",
                                              "shop-main-eu-west", 999},
                                         Name{"shop--eu-v001", "shop", "", "eu", "shop--eu", 1},
                                         Name{"shop-main", "shop", "main", "", "shop-main", -1},
                                         Name{"shop-v01", "shop", "v01", "", "shop-v01", -1},
                                         Name{"shop-main-v123456", "shop", "main", "", "shop-main", 123456},
                                         Name{"sh op-v001", "", "", "", "", -1}));

TEST(ClusterName, LeavesOutWhatIsEmpty) {
  EXPECT_EQ(cluster_name({.app = "shop", .stack = "", .detail = "", .cluster = "", .sequence = {}}), "shop");
  EXPECT_EQ(cluster_name({.app = "shop", .stack = "", .detail = "eu", .cluster = "", .sequence = {}}),
            "shop--eu");
  EXPECT_EQ(cluster_name({.app = "shop", .stack = "main", .detail = "eu", .cluster = "", .sequence = {}}),
            "shop-main-eu");
}

TEST(NextSequence, FollowsTheNewestAndWraps) {
  const auto at = [](int second) { return base::from_millis(1000 * second); };
  EXPECT_EQ(next_sequence({}), 0);
  EXPECT_EQ(next_sequence({{4, at(1)}, {2, at(2)}}), 3);
  EXPECT_EQ(next_sequence({{3, at(1)}, {2, at(2)}}), 4) << "3 is taken";
  EXPECT_EQ(next_sequence({{999, at(1)}}), 0);
  EXPECT_EQ(next_sequence({{-1, at(1)}}), 1) << "a name without a number counts as 0";
  std::vector<TakenName> all;
  for (int i = 0; i < 1000; ++i) all.push_back({i, at(i)});
  EXPECT_EQ(next_sequence(all), std::nullopt);
}

TEST(Names, ThatAreTooLongNameTheLongestPart) {
  const std::string much(300, 'a');
  EXPECT_EQ(refuse_moniker({.app = "shop", .stack = much}, 120),
            "stack: it makes the cluster's name 305 characters long; 120 is the most");
  EXPECT_EQ(refuse_moniker({.app = much}, 120),
            "application: it makes the cluster's name 300 characters long; 120 is the most");
  EXPECT_EQ(refuse_moniker({.app = "shop", .detail = much}, 120),
            "freeFormDetails: it makes the cluster's name 306 characters long; 120 is the most");
  EXPECT_EQ(refuse_moniker({.app = "shop", .detail = much}), std::nullopt);
}

}  // namespace
}  // namespace gennaker::clusters
