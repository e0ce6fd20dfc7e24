#include "stages/bake/bake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "clusters/inventory.h"
#include "stages/create_server_group/create_server_group.h"
#include "stages/deploy/deploy.h"
#include "stages/find_image/find_image.h"
#include "store/store_contract.h"
#include "testing/builders.h"
#include "testing/run_async.h"
#include "testing/stage_world.h"

namespace gennaker::stages {
namespace {

namespace json = boost::json;
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
    add_bake(catalogs, infrastructure,
             {bakes,
              {{.id = "bookworm", .cloud_provider = "simulated", .image = "debian:12"},
               {.id = "bullseye", .cloud_provider = "docker", .image = "debian:11"}}});
    add_find_image(catalogs, infrastructure);
    add_create_server_group(catalogs, infrastructure);
    add_deploy(catalogs);
  }
  testing::StageWorld world;
  const bakery::Bakes bakes{world.store(), world.store(), world.clock()};

  Status bake(const std::string& more = "", json::object trigger = {}) {
    auto wanted = execution(
        {{.type = "bake", .context = R"({"account":"local","region":"here","package":"shop")" + more + "}"}});
    wanted.id = "execution-" + std::to_string(++executions_);
    wanted.trigger = std::move(trigger);
    return world.run(std::move(wanted));
  }
  std::string baked_by() {
    return base::string_or(world.stage("bake").context.at("status").as_object(), "id", "");
  }
  int executions_ = 0;
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

TEST_F(Images, TheSameBakeIsFoundAgain) {
  ASSERT_EQ(bake(), Status::succeeded) << world.error();
  const std::string first = baked_by();
  const json::value image = world.stage("bake").outputs.at("imageId");
  ASSERT_EQ(bake(), Status::succeeded) << world.error();
  EXPECT_EQ(world.cloud().effect_kinds(), std::vector<std::string>{"bake"}) << "no operation at all";
  const auto& child = world.stage("bake");
  EXPECT_EQ(child.outputs.at("previouslyBaked"), true);
  EXPECT_EQ(child.outputs.at("imageId"), image);
  EXPECT_EQ(baked_by(), first) << "whose log tells how it was made";
  ASSERT_EQ(bake(R"(,"version":"2")"), Status::succeeded);
  EXPECT_EQ(world.cloud().effects().size(), 2u);
}

TEST_F(Images, AreBakedAgainWhenTheyAreGoneOrWhenAsked) {
  ASSERT_EQ(bake(), Status::succeeded);
  const auto id = std::string(world.stage("bake").outputs.at("imageId").as_string());
  world.cloud().carry_out(clusters::delete_image("away", {"local", "here", id}));
  ASSERT_EQ(bake(), Status::succeeded);
  EXPECT_EQ(world.cloud().effects().size(), 3u) << "the image was gone";
  ASSERT_EQ(bake(R"(,"rebake":true)"), Status::succeeded);
  EXPECT_EQ(world.cloud().effects().back().what.at("rebake"), true);
  ASSERT_EQ(bake("", {{"rebake", true}}), Status::succeeded);
  EXPECT_EQ(world.cloud().effects().size(), 5u);
  ASSERT_EQ(bake(), Status::succeeded);
  EXPECT_EQ(world.cloud().effects().size(), 5u) << "what was baked again is found";
}

TEST_F(Images, WhatFollowsABakeKnowsItFromTheBegin) {
  world.run_until(
      execution({{.type = "bake", .context = R"({"account":"local","region":"here","package":"shop"})"}}),
      [](const model::Execution& now) {
        return !now.stages.empty() && now.stages.front().context.contains("status");
      });
  const json::object begun = world.stage("bake").context;
  EXPECT_EQ(begun.at("status").at("state"), "RUNNING");
  EXPECT_EQ(begun.at("status").at("id"), begun.at("status").at("resourceId"));
  EXPECT_EQ(bakery::execution_of_bake(baked_by()), "execution-1");
  ASSERT_EQ(world.resume(), Status::succeeded);
  EXPECT_EQ(world.stage("bake").context.at("status").at("state"), "COMPLETED");
  EXPECT_EQ(world.stage("bake").context.at("status").at("result"), "SUCCESS");
  EXPECT_EQ(world.stage("bake").context.at("status").at("id"), begun.at("status").at("id"));
  EXPECT_EQ(world.stage("bake").context.at("bakeInputs").at(0), "provider: simulated");
}

TEST_F(Images, OneOfTwoEqualBakesWaitsForTheOther) {
  ASSERT_EQ(bake(), Status::succeeded);
  const std::string key(world.stage("bake").context.at("bakeKey").as_string());
  const auto id = std::string(world.stage("bake").outputs.at("imageId").as_string());
  world.cloud().carry_out(clusters::delete_image("away", {"local", "here", id}));
  // Somebody else is at it.
  model::Execution other = execution({{.type = "bake"}});
  other.id = "other";
  other.name = "Ship";
  other.pipeline_config_id = "ship";
  other.status = other.stages[0].status = Status::running;
  other.stages[0].id = "other-bake";
  other.stages[0].name = "Bake in here";
  other.stages[0].start_time = base::from_millis(1000);
  boost::asio::io_context io;
  testing::run_async(io, world.store().commit(store::changes_for(other)));
  EXPECT_FALSE(testing::run_async(
      io, bakes.acquire(
              key, {.execution_id = "other", .stage_id = "other-bake", .since = base::from_millis(1000)})));
  model::Execution waiter =
      execution({{.type = "bake", .context = R"({"account":"local","region":"here","package":"shop"})"}});
  waiter.id = "waiter";
  world.run_until(std::move(waiter), [](const model::Execution& now) {
    return !now.stages.empty() && now.stages.front().context.contains("bakeKey");
  });
  EXPECT_FALSE(world.stage("bake").context.contains("status")) << "it has not begun";
  world.resume_until([&, looks = 0](const model::Execution&) mutable { return ++looks > 20; });
  EXPECT_EQ(world.cloud().effects().size(), 2u);
  // It fails: this one bakes.
  other.stages[0].status = other.status = Status::terminal;
  testing::run_async(io, world.store().commit(store::changes_for(other)));
  ASSERT_EQ(world.resume(), Status::succeeded) << world.error();
  EXPECT_EQ(world.cloud().effects().size(), 3u);
  EXPECT_EQ(world.stage("bake").outputs.at("previouslyBaked"), false);
}

TEST_F(Images, AreMadeFromBaseImagesAndAttributes) {
  ASSERT_EQ(bake(R"(,"baseOs":"bookworm","baseLabel":"release","amiName":"web","amiSuffix":"7","vmType":"hvm",
      "extendedAttributes":{"COLOUR":"red","SIZE":3})"),
            Status::succeeded)
      << world.error();
  EXPECT_EQ(world.cloud().effects().at(0).what, testing::object(R"({"name":"web","region":"here","version":"",
      "settings":{},"baseImage":"debian:12","attributes":{"COLOUR":"red","SIZE":"3"}})"));
  const auto& details = world.stage("bake").outputs.at("deploymentDetails").at(0);
  EXPECT_EQ(details.at("baseOs"), "bookworm");
  EXPECT_EQ(details.at("baseAmiId"), "debian:12");
  EXPECT_EQ(details.at("baseLabel"), "release");
  EXPECT_EQ(details.at("amiSuffix"), "7");
  EXPECT_EQ(details.at("vmType"), "hvm");
  ASSERT_EQ(bake(R"(,"baseAmi":"alpine:3","baseOs":"bookworm")"), Status::succeeded);
  EXPECT_EQ(world.cloud().effects().at(1).what.at("baseImage"), "alpine:3");
}

TEST_F(Images, OfAllRegionsHaveOneSuffix) {
  ASSERT_EQ(world.run(execution({{.type = "bake", .context = R"({"account":"local","regions":["here","there"],
      "package":"shop"})"}})),
            Status::succeeded);
  const auto& details = world.execution().stages.back().outputs.at("deploymentDetails").as_array();
  ASSERT_EQ(details.size(), 2u);
  EXPECT_EQ(details[0].at("amiSuffix"), details[1].at("amiSuffix"));
  EXPECT_EQ(details[0].at("amiSuffix").as_string().size(), 14u);
}

TEST_F(Images, TellOfTheBuildThatTheyAreMadeOf) {
  ASSERT_EQ(bake("", testing::object(R"({"job":"shop","master":"ci","buildNumber":7,
      "buildInfo":{"url":"http://ci/7","scm":[{"sha1":"abc"}]}})")),
            Status::succeeded);
  const auto& outputs = world.stage("bake").outputs;
  EXPECT_EQ(outputs.at("job"), "shop");
  EXPECT_EQ(outputs.at("buildNumber"), 7);
  EXPECT_EQ(outputs.at("buildInfoUrl"), "http://ci/7");
  EXPECT_EQ(outputs.at("commitHash"), "abc");
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
        Refused{"bake", R"({"account":"local","package":"shop","region":"here","baseOs":"bookwrm"})",
                "baseOs: 'bookwrm' is no base image of 'simulated' in the configuration (bakery.baseImages); "
                "did you "
                "mean 'bookworm'?"},
        Refused{"bake", R"({"account":"local","package":"shop","region":"here","extendedAttributes":[]})",
                "extendedAttributes: an object"},
        Refused{"findImage", R"({"regions":["here"],"cluster":"shop"})", "account: "},
        Refused{"findImage", R"({"credentials":"local","regions":["here"]})", "cluster: "},
        Refused{"findImage", R"({"credentials":"local","cluster":"shop"})", "regions: "},
        Refused{"findImage",
                R"({"credentials":"local","regions":["here"],"cluster":"shop","selectionStrategy":"BEST"})",
                "selectionStrategy: 'BEST' is not known"}));

}  // namespace
}  // namespace gennaker::stages
