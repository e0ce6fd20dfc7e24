#include "stages/upsert_image_tags/upsert_image_tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/delete_image/delete_image.h"
#include "stages/find_image_from_tags/find_image_from_tags.h"
#include "stages/wait/wait.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using namespace std::chrono_literals;
using model::Status;
using testing::execution;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TaggedImages : public ::testing::Test {
 protected:
  TaggedImages() {
    auto catalogs = world.catalogs();
    const Infrastructure infrastructure{world.clouds(), world.guards(), world.locks()};
    add_upsert_image_tags(catalogs, infrastructure);
    add_find_image_from_tags(catalogs, infrastructure);
    add_delete_image(catalogs, infrastructure);
    add_wait(catalogs);
    for (const std::string id : {"sha-1", "sha-2"}) {
      model::Image image{.id = id, .name = "shop-" + id, .account = "local", .region = "here"};
      image.created_time = world.clock().now();
      image.tags = testing::object(R"({"appversion":"shop-1.0-h1","tested":"no"})");
      world.cloud().put(image);
      world.clock().advance(1s);
    }
  }
  Status run(const std::string& type, const std::string& more) {
    return world.run(execution({{.type = type, .context = R"({"credentials":"local",)" + more + "}"}}));
  }
  const model::Image& first() { return world.cloud().now().images[0]; }
  testing::StageWorld world;
};

TEST_F(TaggedImages, AreTagged) {
  ASSERT_EQ(
      run("upsertImageTags", R"("imageNames":["shop-sha-1"],"regions":["here"],"tags":{"tested":"yes"})"),
      Status::succeeded)
      << world.error();
  EXPECT_EQ(first().tags.at("tested"), "yes");
  EXPECT_EQ(first().tags.at("appversion"), "shop-1.0-h1");
  const auto& stage = world.stage("upsertImageTags");
  EXPECT_EQ(stage.outputs.at("targets").at(0).at("imageId"), "sha-1");
  EXPECT_EQ(stage.context.at("originalTags").at("sha-1").at("tested"), "no");
}

TEST_F(TaggedImages, OfTheStageBeforeAreTagged) {
  ASSERT_EQ(world.run(execution(
                {{.ref_id = "1", .type = "wait", .outputs = R"({"amiDetails":[{"imageId":"sha-2"}]})"},
                 {.ref_id = "2",
                  .type = "upsertImageTags",
                  .context = R"({"credentials":"local","tags":{"tested":null}})",
                  .requires_stages = {"1"}}})),
            Status::succeeded)
      << world.error();
  EXPECT_FALSE(world.cloud().now().images[1].tags.contains("tested"));
  EXPECT_EQ(first().tags.at("tested"), "no");
}

TEST_F(TaggedImages, AreFoundByTheirTags) {
  const std::string find = R"("packageName":"shop","regions":["here"])";
  ASSERT_EQ(run("findImageFromTags", find), Status::succeeded) << world.error();
  EXPECT_EQ(world.stage("findImageFromTags").outputs.at("amiDetails").at(0).at("imageId"), "sha-2")
      << "the newest";
  ASSERT_EQ(run("upsertImageTags", R"("imageNames":["shop-sha-1"],"tags":{"tested":"yes"})"),
            Status::succeeded);
  ASSERT_EQ(run("findImageFromTags", find + R"(,"tags":{"tested":"yes"})"), Status::succeeded)
      << world.error();
  const auto& outputs = world.stage("findImageFromTags").outputs;
  EXPECT_EQ(outputs.at("amiDetails").at(0).at("imageId"), "sha-1");
  EXPECT_EQ(outputs.at("artifacts").at(0).at("reference"), "sha-1");
  EXPECT_EQ(run("findImageFromTags", R"("packageName":"sho","regions":["here"])"), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("could not find an image of package 'sho'"));
}

TEST_F(TaggedImages, AreDeletedUnlessUsed) {
  auto user = testing::server_group("shop-v001");
  user.image_id = "sha-2";
  world.cloud().put(user);
  ASSERT_EQ(run("deleteImage", R"("region":"here","imageIds":["sha-1"])"), Status::succeeded)
      << world.error();
  EXPECT_THAT(world.cloud().now().images, SizeIs(1));
  world.clock().advance(1s);
  EXPECT_EQ(run("deleteImage", R"("region":"here","imageIds":["sha-2"])"), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr("is used by server group 'shop-v001'"));
}

TEST_F(TaggedImages, AreChangedOnceWhateverBreaks) {
  world.cloud().set_faults(
      {.crash_before = 0.2, .crash_after = 0.2, .lost_answer = 0.2, .doubled_call = 0.2});
  ASSERT_EQ(run("upsertImageTags", R"("imageNames":["shop-sha-1","shop-sha-2"],"tags":{"tested":"yes"})"),
            Status::succeeded)
      << world.error();
  ASSERT_EQ(run("deleteImage", R"("region":"here","imageIds":["sha-1","sha-2"])"), Status::succeeded);
  EXPECT_THAT(world.cloud().now().images, IsEmpty());
  EXPECT_EQ(world.cloud().operations_run_twice(), 0);
  EXPECT_THAT(world.cloud().effects(), SizeIs(4));
}

struct Refused {
  std::string type, context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.type << " " << c.context;
}
class ImageTagFields : public TaggedImages, public ::testing::WithParamInterface<Refused> {};

TEST_P(ImageTagFields, AreRefusedByName) {
  EXPECT_EQ(run(GetParam().type, GetParam().context), Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, ImageTagFields,
    ::testing::Values(Refused{"upsertImageTags", R"("imageNames":["shop-sha-1"])", "tags: "},
                      Refused{"upsertImageTags", R"("imageNames":["shop-sha-1"],"tags":{"appversion":"x"})",
                              "tags.appversion: this tag is the build's own"},
                      Refused{"upsertImageTags", R"("tags":{"a":"b"})", "imageNames: "},
                      Refused{"upsertImageTags", R"("imageNames":["shop-sha-3"],"tags":{"a":"b"})",
                              "imageNames: account 'local' has no image 'shop-sha-3'; did you mean"},
                      Refused{"findImageFromTags", R"("regions":["here"])", "packageName: "},
                      Refused{"findImageFromTags", R"("packageName":"shop")", "regions: "},
                      Refused{"deleteImage", R"("region":"here")", "imageIds: "},
                      Refused{"deleteImage", R"("imageIds":["x"])", "region: "}));

}  // namespace
}  // namespace gennaker::stages
