#include "bakery/base_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "testing/builders.h"

namespace gennaker::bakery {
namespace {

using ::testing::StartsWith;

TEST(BaseImages, AreRead) {
  const auto images = read_base_images(testing::object(R"({"baseImages": [
      {"id": "bookworm", "cloudProvider": "docker", "shortDescription": "12.9", "image": "debian:12-slim"},
      {"id": "bookworm", "cloudProvider": "local", "image": "base"}]})"),
                                       {"docker", "local"});
  ASSERT_EQ(images.size(), 2u);
  EXPECT_EQ(images[0].image, "debian:12-slim");
  EXPECT_EQ(images[0].short_description, "12.9");
  EXPECT_EQ(images[1].cloud_provider, "local");
  EXPECT_TRUE(read_base_images({}, {}).empty());
}

struct Wrong {
  std::string_view section, message;
};
void PrintTo(const Wrong& wrong, std::ostream* out) {
  *out << wrong.section;
}
class WrongBaseImages : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongBaseImages, AreRefusedByName) {
  try {
    read_base_images(testing::object(std::string(GetParam().section)), {"docker", "local"});
    FAIL() << "was taken";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), StartsWith(std::string(GetParam().message)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Sections, WrongBaseImages,
    ::testing::Values(
        Wrong{R"({"images": []})", "bakery.images: is unknown; known here: baseImages"},
        Wrong{R"({"baseImages": {}})", "bakery.baseImages: must be a list"},
        Wrong{R"({"baseImages": ["x"]})", "bakery.baseImages[0]: must be a mapping"},
        Wrong{R"({"baseImages": [{"cloudProvider": "docker", "image": "x"}]})",
              "bakery.baseImages[0].id: is needed"},
        Wrong{R"({"baseImages": [{"id": "a", "cloudProvider": "docker"}]})",
              "bakery.baseImages[0].image: is needed"},
        Wrong{R"({"baseImages": [{"id": 7, "cloudProvider": "docker", "image": "x"}]})",
              "bakery.baseImages[0].id: must be a text"},
        Wrong{R"({"baseImages": [{"id": "a", "cloudProvider": "dokcer", "image": "x"}]})",
              "bakery.baseImages[0].cloudProvider: 'dokcer' is none of docker, local"},
        Wrong{R"({"baseImages": [{"id": "a", "cloudProvider": "docker", "image": "x", "ami": 1}]})",
              "bakery.baseImages[0].ami: is unknown"},
        Wrong{R"({"baseImages": [{"id": "a", "cloudProvider": "docker", "image": "x"},
                                 {"id": "a", "cloudProvider": "docker", "image": "y"}]})",
              "bakery.baseImages[1].id: 'a' is there twice for 'docker'"}));

}  // namespace
}  // namespace gennaker::bakery
