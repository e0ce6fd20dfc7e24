#include "bakery/bake_key.h"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gennaker::bakery {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::StartsWith;

BakeInputs shop() {
  return {.provider = "docker",
          .account = "prod",
          .region = "eu",
          .name = "shop",
          .version = "1.2",
          .base_image = "debian:12",
          .attributes = {{"COLOUR", "red"}},
          .settings = {{"source", "/srv/shop"}, {"target", "small"}},
          .provider_inputs = {{"source", "sha256:12"}}};
}

struct Change {
  std::string_view name;
  std::function<void(BakeInputs&)> apply;
  bool counts;
};
void PrintTo(const Change& change, std::ostream* out) {
  *out << change.name;
}
class BakeKeys : public testing::TestWithParam<Change> {};

TEST_P(BakeKeys, ChangeWithWhatCounts) {
  BakeInputs changed = shop();
  GetParam().apply(changed);
  EXPECT_EQ(bake_key(changed).text != bake_key(shop()).text, GetParam().counts);
}

INSTANTIATE_TEST_SUITE_P(
    Inputs, BakeKeys,
    testing::Values(Change{"provider", [](BakeInputs& i) { i.provider = "local"; }, true},
                    Change{"account", [](BakeInputs& i) { i.account = "test"; }, true},
                    Change{"region", [](BakeInputs& i) { i.region = "us"; }, true},
                    Change{"name", [](BakeInputs& i) { i.name = "shop2"; }, true},
                    Change{"version", [](BakeInputs& i) { i.version = "1.3"; }, true},
                    Change{"base image", [](BakeInputs& i) { i.base_image = "debian:13"; }, true},
                    Change{"attribute", [](BakeInputs& i) { i.attributes["COLOUR"] = "blue"; }, true},
                    Change{"setting", [](BakeInputs& i) { i.settings["target"] = "large"; }, true},
                    Change{"one setting more", [](BakeInputs& i) { i.settings["network"] = "none"; }, true},
                    Change{"content", [](BakeInputs& i) { i.provider_inputs["source"] = "sha256:13"; }, true},
                    Change{"another place of the same content",
                           [](BakeInputs& i) { i.settings["source"] = "/tmp/7"; }, false},
                    Change{"a setting that says nothing",
                           [](BakeInputs& i) { i.settings["network"] = nullptr; }, false},
                    Change{"another order",
                           [](BakeInputs& i) {
                             i.settings = {{"target", "small"}, {"source", "/srv/shop"}};
                           },
                           false}));

TEST(BakeKey, SaysWhatCounted) {
  const BakeKey key = bake_key(shop());
  EXPECT_THAT(key.text, StartsWith("bake:docker:prod:eu:shop:1.2:"));
  EXPECT_THAT(key.inputs, ElementsAre("provider: docker", "account: prod", "region: eu", "name: shop",
                                      "version: 1.2", R"(attributes: {"COLOUR":"red"})",
                                      "baseImage: debian:12", "source: sha256:12", "target: small"));
}

TEST(BakeKey, CutsLongWords) {
  BakeInputs inputs = shop();
  inputs.settings = {{"script", std::string(1000, 'x')}};
  EXPECT_THAT(bake_key(inputs).inputs[6], StartsWith("baseImage: "));
  EXPECT_THAT(bake_key(inputs).inputs[7], SizeIs(203));
}

}  // namespace
}  // namespace gennaker::bakery
