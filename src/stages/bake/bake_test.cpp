#include "stages/bake/bake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clusters/inventory.h"
#include "stages/create_server_group/create_server_group.h"
#include "stages/deploy/deploy.h"
#include "stages/find_image/find_image.h"
#include "testing/builders.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

using model::Status;
using ::testing::ElementsAre;
using testing::execution;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::server_group;

class Images : public ::testing::Test {
 protected:
  Images() {
    auto catalogs = world.catalogs();
    const Infrastructure infrastructure{world.clouds(), world.guards(), world.locks()};
    add_infrastructure_tasks(catalogs, infrastructure);
    add_bake(catalogs, infrastructure);
    add_find_image(catalogs, infrastructure);
    add_create_server_group(catalogs, infrastructure);
    add_deploy(catalogs);
  }
  testing::StageWorld world;
};

TEST_F(Images, ABakeTellsWhatItMade) {
  ASSERT_EQ(world.run(execution({{.type = "bake", .context = R"({"account":"local","region":"here",
      "package":"shop other","version":1.5,"source":"/srv/shop","failPipeline":true})"}})),
            Status::succeeded)
      << world.error();
  const auto& operation = world.cloud().effects().at(0);
  EXPECT_EQ(operation.what, testing::object(R"({"name":"shop","region":"here","version":"1.5",
      "settings":{"source":"/srv/shop"}})"));
  const auto& child = world.stage("bake");
  EXPECT_EQ(child.name, "Bake in here");
  EXPECT_EQ(child.outputs.at("previouslyBaked"), false);
  EXPECT_EQ(child.outputs.at("bakePackageName"), "shop");
  const auto& stage = world.execution().stages.back();
  EXPECT_EQ(stage.outputs.at("imageName"), "shop");
  EXPECT_EQ(stage.outputs.at("amiDetails").at(0).at("region"), "here");
  EXPECT_EQ(stage.outputs.at("deploymentDetails"), stage.outputs.at("amiDetails"));
  EXPECT_EQ(stage.outputs.at("artifacts").at(0).at("type"), "simulated/image");
}

TEST_F(Images, AreBakedWhereTheyAreDeployed) {
  ASSERT_EQ(world.run(execution({{.ref_id = "1", .type = "bake", .context = R"({"account":"local",
      "region":"here","package":"shop"})"},
                                 {.ref_id = "2",
                                  .type = "deploy",
                                  .context = R"({"clusters":[
      {"account":"local","region":"there","application":"shop"},
      {"account":"local","region":"here","application":"shop"}]})",
                                  .requires_stages = {"1"}}})),
            Status::succeeded)
      << world.error();
  EXPECT_EQ(world.cloud().now().images.size(), 2u);
  ASSERT_EQ(world.cloud().now().server_groups.size(), 2u);
  for (const auto& group : world.cloud().now().server_groups) {
    EXPECT_NE(clusters::find_image(world.cloud().now(), group.region, group.image_id), nullptr);
  }
}

TEST_F(Images, AreFoundInACluster) {
  world.cloud().put(server_group("shop-v001", {.up = 3, .created_ms = 1, .image_id = "old"}));
  world.cloud().put(server_group("shop-v002", {.created_ms = 2, .image_id = "new"}));
  world.cloud().put(server_group("shop-v003", {.disabled = true, .created_ms = 3, .image_id = "off"}));
  const auto found = [&](const std::string& type, const std::string& more) {
    const std::string context = R"({"credentials":"local","regions":["here"],"cluster":"shop")" + more + "}";
    const auto status = world.run(execution({{.type = type, .context = context}}));
    if (status != Status::succeeded) return world.error();
    return std::string(world.stage(type).outputs.at("imageId").as_string());
  };
  EXPECT_EQ(found("findImage", ""), "new");
  EXPECT_EQ(found("findImageFromCluster", R"(,"onlyEnabled":false)"), "off");
  EXPECT_EQ(found("findImage", R"(,"selectionStrategy":"LARGEST")"), "old");
  EXPECT_EQ(found("findImage", R"(,"selectionStrategy":"OLDEST")"), "old");
  EXPECT_EQ(
      found("findImage", R"(,"selectionStrategy":"FAIL")"),
      "could not find an image in cluster 'shop' in local/here: multiple possible server groups present: "
      "shop-v002, shop-v001");
}

TEST_F(Images, OfAClusterThatIsNotThere) {
  world.cloud().put(server_group("shop-v001"));
  EXPECT_EQ(world.run(execution({{.type = "findImage", .context = R"({"credentials":"local",
      "regions":["here"],"cluster":"shap"})"}})),
            Status::terminal);
  EXPECT_EQ(world.error(),
            "could not find an image in cluster 'shap' in local/here: there is no enabled server "
            "group; did you mean 'shop'?");
}

struct Refused {
  std::string type, context, message;
};
void PrintTo(const Refused& c, std::ostream* out) {
  *out << c.type << " " << c.context;
}
class ImageFields : public Images, public ::testing::WithParamInterface<Refused> {};

TEST_P(ImageFields, AreRefusedByName) {
  EXPECT_EQ(world.run(execution({{.type = GetParam().type, .context = GetParam().context}})),
            Status::terminal);
  EXPECT_THAT(world.error(), HasSubstr(GetParam().message));
  EXPECT_THAT(world.cloud().effects(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, ImageFields,
    ::testing::Values(
        Refused{"bake", R"({"region":"here","package":"shop"})", "account: "},
        Refused{"bake", R"({"account":"local","region":"here"})", "package: "},
        Refused{"bake", R"({"account":"local","package":"shop"})", "regions: "},
        Refused{"bake", R"({"account":"loca","package":"shop","region":"here"})", "did you mean 'local'?"},
        Refused{"findImage", R"({"regions":["here"],"cluster":"shop"})", "account: "},
        Refused{"findImage", R"({"credentials":"local","regions":["here"]})", "cluster: "},
        Refused{"findImage", R"({"credentials":"local","cluster":"shop"})", "regions: "},
        Refused{"findImage",
                R"({"credentials":"local","regions":["here"],"cluster":"shop","selectionStrategy":"BEST"})",
                "selectionStrategy: 'BEST' is not known"}));

}  // namespace
}  // namespace gennaker::stages
