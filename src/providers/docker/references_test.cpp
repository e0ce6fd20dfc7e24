#include "providers/docker/references.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace gennaker::providers::docker {
namespace {

TEST(References, NameTheirRegistry) {
  EXPECT_EQ(registry_of("registry:5000/team/shop:1"), "registry:5000");
  EXPECT_EQ(registry_of("quay.io/team/shop"), "quay.io");
  EXPECT_EQ(registry_of("localhost/shop:1"), "localhost");
  EXPECT_EQ(registry_of("team/shop:1"), "docker.io");
  EXPECT_EQ(registry_of("shop:1"), "docker.io");
}

TEST(References, CanBePulledUnlessTheyAreIdsOrLocal) {
  EXPECT_TRUE(can_be_pulled("registry:5000/shop:1"));
  EXPECT_TRUE(can_be_pulled("shop"));
  EXPECT_FALSE(can_be_pulled("localhost/shop:1"));
  EXPECT_FALSE(can_be_pulled("sha256:0123456789abcdef"));
  EXPECT_FALSE(can_be_pulled("0123456789ab"));
}

TEST(References, AreRefusedByTheirField) {
  try {
    reference_of("imageId", "two words");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_TRUE(std::string_view(error.what()).starts_with("imageId: 'two words' cannot be an image"));
  }
}

TEST(References, DescribeAnImageByWhatIsGoodOnEveryHost) {
  const engine::Image pulled{.id = "sha256:01",
                             .digests = {"other/x@sha256:1", "registry:5000/shop@sha256:2"}};
  const auto described = describe_image(pulled, "registry:5000/shop:1.2");
  EXPECT_EQ(described->id, "registry:5000/shop@sha256:2");
  EXPECT_EQ(described->name, "registry:5000/shop");
  EXPECT_EQ(described->version, "1.2");
  EXPECT_EQ(describe_image(pulled, "localhost/mine:1")->id, "sha256:01");
  EXPECT_FALSE(describe_image(pulled, "<none>:<none>"));

  const engine::Image baked{.id = "sha256:02",
                            .labels = {{"gennaker.bake.name", "shop"},
                                       {"gennaker.bake.version", "1.2"},
                                       {"gennaker.bake.content", "abc"}}};
  const auto ours = describe_image(baked, "localhost/shop:1.2-abc");
  EXPECT_EQ(ours->id, "localhost/shop:1.2-abc");
  EXPECT_EQ(ours->name, "shop");
  EXPECT_EQ(ours->version, "1.2");
}

}  // namespace
}  // namespace gennaker::providers::docker
