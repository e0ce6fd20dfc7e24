#include "providers/docker/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "providers/docker/labels.h"

namespace gennaker::providers::docker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Group group(const std::string& name, std::uint64_t revision, int desired) {
  Group group;
  group.name = name;
  group.revision = revision;
  group.region = "docker";
  group.create_key = "key";
  group.stage = GroupStage::active;
  group.capacity = {.min = 1, .max = 5, .desired = desired};
  group.image_id = "registry:5000/shop:1.2";
  group.raw_settings = {{"network", "host"}};
  group.instances = {
      {.index = 3, .host = "a", .port = 26'001, .stage = InstanceStage::retiring, .without = {"shop"}}};
  group.tags = {{"team", "blue"}};
  group.done = {{.key = "resize", .at = base::from_millis(5), .answer = {{"drained", true}}}};
  return group;
}

engine::ContainerSummary container(const Group& group) {
  const auto spec = record_spec("prod", group);
  return {.id = record_container("prod", group.name, group.revision), .labels = spec.labels};
}

TEST(Records, TellAllOfAGroup) {
  std::vector<std::string> complaints;
  const auto found = read_records({{"a", {container(group("shop-v000", 7, 2))}}}, complaints);
  ASSERT_THAT(found, SizeIs(1));
  const Group& read = found.at("shop-v000").group;
  EXPECT_EQ(to_json(read), to_json(group("shop-v000", 7, 2)));
  EXPECT_EQ(read.revision, 7U);
  EXPECT_TRUE(read.settings.on_host_network());
  EXPECT_EQ(read.moniker.app, "shop");
  EXPECT_EQ(read.find(3)->stage, InstanceStage::retiring);
  EXPECT_EQ(read.find_done("resize")->answer.at("drained"), true);
  EXPECT_THAT(complaints, IsEmpty());
}

TEST(Records, CountByTheHighestRevisionOfAllHosts) {
  std::vector<std::string> complaints;
  const auto found =
      read_records({{"a", {container(group("shop-v000", 9, 1))}},
                    {"b", {container(group("shop-v000", 10, 2)), container(group("shop-v001", 1, 3))}},
                    {"c", {container(group("shop-v000", 10, 2))}}},
                   complaints);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found.at("shop-v000").group.capacity.desired, 2);
  EXPECT_THAT(found.at("shop-v000").hosts, ElementsAre("b", "c"));
  EXPECT_EQ(found.at("shop-v001").group.capacity.desired, 3);
}

TEST(Records, AreLeftAloneWhenTheyCannotBeRead) {
  auto broken = container(group("shop-v000", 9, 1));
  broken.labels[std::string(record_label)] = "{";
  auto strange = container(group("shop-v001", 1, 1));
  strange.labels[std::string(revision_label)] = "-1";
  std::vector<std::string> complaints;
  const auto found =
      read_records({{"a", {broken, strange, container(group("shop-v000", 8, 4))}}}, complaints);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found.at("shop-v000").group.capacity.desired, 4) << "the last that can be read";
  EXPECT_THAT(complaints, ElementsAre(HasSubstr("host 'a'")));
}

TEST(Records, AreOutdatedByHigherRevisions) {
  const std::vector<engine::ContainerSummary> all{container(group("shop-v000", 9, 1)),
                                                  container(group("shop-v000", 11, 1)),
                                                  container(group("shop-v001", 2, 1))};
  EXPECT_THAT(outdated_records(all, "shop-v000", 10), ElementsAre("prod.shop-v000.record.9"));
}

TEST(Records, ForgetOldOperations) {
  Group one = group("shop-v000", 1, 1);
  const base::TimePoint later = base::from_millis(5) + std::chrono::hours(24 * 15);
  one.note_done({.key = "new", .at = later});
  EXPECT_EQ(one.find_done("resize"), nullptr);
  for (int i = 0; i < 100; ++i) one.note_done({.key = std::to_string(i), .at = later});
  EXPECT_THAT(one.done, SizeIs(20));
  EXPECT_NE(one.find_done("99"), nullptr);
}

TEST(Labels, NameContainersOneToOne) {
  EXPECT_EQ(instance_container("prod", "shop-main-v003", 0), "prod.shop-main-v003.0");
  EXPECT_EQ(instance_container("a", "b.c^~_-v000", 1), "a.b_dc_c_t__-v000.1");
  EXPECT_NE(instance_container("a.b", "c", 1), instance_container("a", "b.c", 1));
  EXPECT_EQ(record_container("prod", "shop-v000", 12), "prod.shop-v000.record.12");
}

}  // namespace
}  // namespace gennaker::providers::docker
