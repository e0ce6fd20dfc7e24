#include "pipelines/start_artifacts.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store_contract.h"
#include "testing/builders.h"

namespace gennaker::pipelines {
namespace {

using gennaker::testing::object;
using store::result_of;

class StartArtifacts : public ::testing::Test {
 protected:
  StartArtifacts() : store_(store::open_sqlite(place_.path() / "test.db")) {}

  json::object start(std::string_view config, std::string_view trigger) {
    return result_of(with_artifacts(*store_, object(config), object(trigger)));
  }

  store::Place place_;
  std::unique_ptr<store::Store> store_;
};

std::string names(const json::object& trigger) {
  std::string names;
  for (const auto& artifact : trigger.at("artifacts").as_array()) {
    names += base::string_or(artifact.as_object(), "name", "?") + " ";
  }
  return names;
}

constexpr std::string_view wants_image =
    R"({"id": "p", "expectedArtifacts": [{"id": "e", "matchArtifact": {"type": "docker/image"}}]})";

TEST_F(StartArtifacts, AreBoundToWhatTheTriggerBrings) {
  const auto trigger = start(wants_image, R"({"expectedArtifactIds": ["e"], "artifacts": [
      {"type": "docker/image", "name": "shop", "reference": "shop:1"}, {"type": "http/file", "name": "notes"}]})");
  EXPECT_EQ(names(trigger), "shop notes ");
  const auto& resolved = trigger.at("resolvedExpectedArtifacts").as_array();
  ASSERT_EQ(resolved.size(), 1u);
  EXPECT_EQ(resolved[0].at("boundArtifact").at("reference"), "shop:1");
  EXPECT_EQ(trigger.at("expectedArtifacts"), trigger.at("resolvedExpectedArtifacts"));
}

TEST_F(StartArtifacts, StayUnresolvedWhenNobodyAsksForThem) {
  EXPECT_TRUE(start(wants_image, R"({"artifacts": []})").at("resolvedExpectedArtifacts").as_array().empty());
}

TEST_F(StartArtifacts, RefuseAStartThatLacksOne) {
  EXPECT_THROW(start(wants_image, R"({"expectedArtifactIds": ["e"]})"), base::Error);
}

TEST_F(StartArtifacts, FallBackOnTheDefault) {
  const auto trigger = start(R"({"expectedArtifacts": [{"id": "e", "matchArtifact": {"name": "x"},
      "useDefaultArtifact": true, "defaultArtifact": {"name": "shop", "type": "docker/image"}}]})",
                             "{}");
  EXPECT_EQ(names(trigger), "shop ");
}

TEST_F(StartArtifacts, FallBackOnTheLastExecution) {
  for (const auto& [id, name] : {std::pair{"01A", "older"}, {"01B", "newer"}}) {
    auto execution = gennaker::testing::execution({{.ref_id = "1"}});
    execution.id = id;
    execution.pipeline_config_id = "p";
    execution.build_time += std::chrono::seconds(name == std::string_view("newer") ? 1 : 0);
    execution.stages[0].id = id;
    execution.stages[0].outputs["artifacts"] =
        json::array{json::object{{"type", "docker/image"}, {"name", name}}};
    result_of(store_->commit(store::changes_for(execution)));
  }
  const std::string_view prior = R"({"id": "p", "expectedArtifacts": [
      {"id": "e", "matchArtifact": {"type": "docker/image"}, "usePriorArtifact": true}]})";
  EXPECT_EQ(names(start(prior, "{}")), "newer ");
  EXPECT_EQ(names(start(prior, R"({"artifacts": [{"type": "docker/image", "name": "given"}]})")), "given ");
}

TEST(IdsForChild, AreThoseThatItsTriggerNamesAndThoseThatMatch) {
  const auto config = object(R"({"triggers": [
      {"type": "pipeline", "enabled": true, "pipeline": "parent", "expectedArtifactIds": ["named"]},
      {"type": "pipeline", "enabled": false, "pipeline": "parent", "expectedArtifactIds": ["off"]},
      {"type": "pipeline", "enabled": true, "pipeline": "other", "expectedArtifactIds": ["others"]}],
    "expectedArtifacts": [{"id": "image", "matchArtifact": {"type": "docker/image"}},
                          {"id": "file", "matchArtifact": {"type": "http/file"}}]})");
  const auto image = model::artifact_from_json(object(R"({"type": "docker/image"})"));
  EXPECT_EQ(ids_for_child(config, "parent", {image}), (std::vector<std::string>{"named", "image"}));
}

}  // namespace
}  // namespace gennaker::pipelines
