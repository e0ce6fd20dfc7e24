#include "stages/find_artifact_from_execution/find_artifact_from_execution.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "testing/pipeline_world.h"

namespace gennaker::stages {
namespace {

using model::Status;

constexpr auto wanted = R"([{"id": "e", "matchArtifact": {"type": "embedded/base64", "name": "note"}}])";

class FindArtifactFromExecution : public ::testing::Test {
 protected:
  FindArtifactFromExecution() {
    world_.save("makes", R"([{"refId": "1", "type": "evaluateArtifacts",
                              "artifactContents": [{"name": "note", "contents": "${ parameters.text }"}]},
                             {"refId": "2", "requisiteStageRefIds": ["1"], "type": "boom"}])");
  }
  std::string make(const std::string& text, bool fails) {
    world_.booms = fails;
    std::string id = world_.start("makes", {{"parameters", boost::json::object{{"text", text}}}});
    world_.wait_for(id, fails ? Status::terminal : Status::succeeded);
    return id;
  }
  model::Execution find(const std::string& options, Status ends = Status::succeeded) {
    world_.save("finds",
                fmt::format(R"([{{"refId": "1", "type": "findArtifactFromExecution", "pipeline": "makes",
                                           "executionOptions": {}, "expectedArtifacts": {}}}])",
                            options, wanted));
    return world_.wait_for(world_.start("finds"), ends);
  }
  static std::string found_in(const model::Execution& execution) {
    return base::string_or(execution.stages.front().context, "foundExecutionId", "none");
  }

  testing::PipelineWorld world_;
};

TEST_F(FindArtifactFromExecution, TakesTheNewestThatEndedAsAskedFor) {
  const std::string good = make("one", false), bad = make("two", true);
  const model::Execution succeeded = find(R"({"successful": true})");
  EXPECT_EQ(found_in(succeeded), good);
  const auto& artifact = succeeded.stages.front().outputs.at("artifacts").at(0).as_object();
  EXPECT_EQ(artifact.at("reference"), "b25l") << "'one' in base64";
  EXPECT_EQ(succeeded.stages.front().outputs.at("resolvedExpectedArtifacts").at(0).at("id"), "e");
  EXPECT_EQ(found_in(find(R"({"terminal": true})")), bad);
  EXPECT_EQ(found_in(find(R"({"succeeded": "true", "terminal": true})")), bad);
}

TEST_F(FindArtifactFromExecution, FailsWhenNothingMatches) {
  const model::Execution none = find(R"({"running": true})", Status::terminal);
  EXPECT_NE(base::to_text(none.stages.front().context)
                .find("Unmatched expected artifact 'e' could not be resolved"),
            std::string::npos);
}

}  // namespace
}  // namespace gennaker::stages
