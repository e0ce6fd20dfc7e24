#include "rehearsal/preview.h"

#include <gtest/gtest.h>

#include "clusters/operations.h"
#include "testing/builders.h"

namespace gennaker::rehearsal {
namespace {

namespace json = boost::json;

model::ServerGroup serving() {
  auto group = testing::server_group("shop-main-v001", {.up = 2});
  group.capacity = {.min = 2, .max = 4, .desired = 2};
  group.image_id = "sha-1";
  group.image_name = "shop";
  group.version = "1";
  group.load_balancers = {"front"};
  group.launch_config = testing::object(R"({"command":"./run","env":{"A":"1","B":"2"},"imageId":"sha-1"})");
  return group;
}

clusters::ServerGroupSpec next() {
  clusters::ServerGroupSpec spec;
  spec.account = "local";
  spec.region = "here";
  spec.moniker = {.app = "shop", .stack = "main", .detail = "", .cluster = "shop-main"};
  spec.image_id = "sha-2";
  spec.capacity = {.min = 2, .max = 4, .desired = 3};
  spec.load_balancers = {"front", "back"};
  spec.settings = testing::object(R"({"command":"./run","env":{"A":"1","B":"3","C":"4"}})");
  return spec;
}

TEST(Preview, TellsWhatChanges) {
  const auto before = serving();
  EXPECT_EQ(preview_of(clusters::create_server_group("key", next()), &before),
            testing::object(R"json({"against":"shop-main-v001","changes":[
                {"field":"image","from":"shop 1 (sha-1)","to":"sha-2"},
                {"field":"capacity.desired","from":2,"to":3},
                {"field":"env.B","from":"2","to":"3"},
                {"field":"env.C","to":"4"},
                {"field":"loadBalancers","from":["front"],"to":["back","front"]}]})json"));
}

TEST(Preview, OfTheSameIsEmpty) {
  const auto before = serving();
  auto same = next();
  same.image_id = before.image_id;
  same.capacity = before.capacity;
  same.load_balancers = before.load_balancers;
  same.settings = testing::object(R"({"env":{"B":"2","A":"1"},"command":"./run"})");
  EXPECT_EQ(preview_of(clusters::create_server_group("key", same), &before),
            testing::object(R"({"against":"shop-main-v001","changes":[]})"));
}

TEST(Preview, OfTheFirstIsAgainstNothing) {
  const auto preview = preview_of(clusters::create_server_group("key", next()), nullptr);
  EXPECT_FALSE(preview.contains("against"));
  EXPECT_EQ(preview.at("changes").at(0), json::value(testing::object(R"({"field":"image","to":"sha-2"})")));
}

TEST(Preview, OfAChangeInPlaceKeepsWhatIsNotNamed) {
  const auto before = serving();
  const auto change = clusters::update_launch(
      "key", {"local", "here", before.name},
      {.image_id = "", .settings = testing::object(R"({"env":{"A":"2"}})"), .replaces = false});
  EXPECT_EQ(preview_of(change, &before), testing::object(R"({"against":"shop-main-v001","changes":[
                {"field":"env.A","from":"1","to":"2"},{"field":"env.B","from":"2"}]})"));
}

}  // namespace
}  // namespace gennaker::rehearsal
