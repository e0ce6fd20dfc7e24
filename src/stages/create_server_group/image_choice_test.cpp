#include "stages/create_server_group/image_choice.h"

#include <gtest/gtest.h>

#include "testing/builders.h"

namespace gennaker::stages {
namespace {

using testing::execution;
using testing::object;

struct Case {
  std::string name, far_outputs, near_outputs, expected;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}
class ImageOfTheStagesBefore : public ::testing::TestWithParam<Case> {};

TEST_P(ImageOfTheStagesBefore, IsChosen) {
  const auto pipeline = execution(
      {{.ref_id = "1", .type = "bake", .outputs = GetParam().far_outputs},
       {.ref_id = "2", .type = "findImage", .outputs = GetParam().near_outputs, .requires_stages = {"1"}},
       {.ref_id = "3", .type = "deploy", .requires_stages = {"2"}},
       {.ref_id = "4", .type = "bake", .outputs = R"({"amiDetails":[{"imageId":"of another branch"}]})"}});
  const auto choice = choose_image(pipeline, pipeline.stages[2], "here");
  EXPECT_EQ(choice.image, GetParam().expected);
  EXPECT_EQ(choice.problem.empty(), !GetParam().expected.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, ImageOfTheStagesBefore,
    ::testing::Values(
        Case{"none", "{}", "{}", ""},
        Case{"the nearest wins", R"({"amiDetails":[{"region":"here","imageId":"far"}]})",
             R"({"amiDetails":[{"region":"here","imageId":"near"}]})", "near"},
        Case{"the region must fit", R"({"amiDetails":[{"region":"here","imageId":"far"}]})",
             R"({"amiDetails":[{"region":"there","imageId":"near"}]})", "far"},
        Case{"global fits everywhere", "{}", R"({"amiDetails":[{"region":"global","ami":"any"}]})", "any"},
        Case{"without a region it fits", "{}", R"({"amiDetails":[{"imageName":"shop"}]})", "shop"},
        Case{"the older list is the second choice", R"({"amiDetails":[{"region":"here","imageId":"far"}]})",
             R"({"deploymentDetails":[{"region":"here","imageId":"near"}]})", "far"},
        Case{"the older list alone", "{}", R"({"deploymentDetails":[{"region":"here","ami":"near"}]})",
             "near"},
        Case{
            "an artifact", "{}",
            R"({"artifacts":[{"type":"docker/file","reference":"x"},{"type":"local/image","reference":"a"}]})",
            "a"},
        Case{"an artifact elsewhere", "{}",
             R"({"artifacts":[{"type":"local/image","location":"there","reference":"a"}]})", ""},
        Case{"an empty id is none", "{}", R"({"amiDetails":[{"region":"here","imageId":""}]})", ""},
        Case{"no list", "{}", R"({"amiDetails":"shop"})", ""}));

TEST(ImageOfTheTrigger, IsTheLastChoice) {
  auto pipeline = execution(
      {{.ref_id = "1", .type = "findImage"}, {.ref_id = "2", .type = "deploy", .requires_stages = {"1"}}});
  pipeline.trigger = object(R"({"artifacts": [{"type": "local/image", "reference": "of the parent"}]})");
  EXPECT_EQ(choose_image(pipeline, pipeline.stages[1], "here").image, "of the parent");
  pipeline.stages[0].outputs = object(R"({"amiDetails": [{"imageId": "own"}]})");
  EXPECT_EQ(choose_image(pipeline, pipeline.stages[1], "here").image, "own");
}

}  // namespace
}  // namespace gennaker::stages
