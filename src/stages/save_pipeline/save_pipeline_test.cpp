#include "stages/save_pipeline/save_pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/json.h"
#include "stages/delete_pipeline/delete_pipeline.h"
#include "stages/find_artifact_from_execution/find_artifact_from_execution.h"
#include "stages/reorder_pipelines/reorder_pipelines.h"
#include "store/memory/memory_store.h"
#include "testing/builders.h"
#include "testing/run_async.h"
#include "testing/stage_world.h"

namespace gennaker::stages {

namespace json = boost::json;

namespace {

using gennaker::testing::execution;
using gennaker::testing::object;
using gennaker::testing::run_async;
using model::Status;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PipelineStages : public ::testing::Test {
 protected:
  PipelineStages() {
    runner::Catalogs catalogs = world_.catalogs();
    add_save_pipeline(catalogs, configurations_);
    add_delete_pipeline(catalogs, configurations_);
    add_reorder_pipelines(catalogs, configurations_);
    add_find_artifact_from_execution(catalogs, store_);
  }

  Status run(std::string type, const json::object& context, std::string config_id = "") {
    auto made = execution({{.type = std::move(type), .context = base::to_text(context)}});
    made.pipeline_config_id = std::move(config_id);
    return world_.run(std::move(made));
  }
  const json::object& context() { return world_.execution().stages.front().context; }
  const json::object& outputs() { return world_.execution().stages.front().outputs; }

  std::vector<std::string> saved() {
    std::vector<std::string> names;
    for (const json::object& config : run_async(io_, configurations_.list("shop"))) {
      names.push_back(std::string(config.at("name").as_string()));
    }
    return names;
  }
  void keep(const model::Execution& made) {
    store::Changes changes;
    changes.executions.push_back(store::row_of(made));
    for (const model::Stage& stage : made.stages) changes.stages.push_back(store::row_of(made, stage));
    run_async(io_, store_.commit(std::move(changes)));
  }
  json::object find(const std::string& name) { return *run_async(io_, configurations_.find("shop", name)); }

  boost::asio::io_context io_;
  gennaker::testing::StageWorld world_;
  store::MemoryStore store_;
  base::SystemRandom random_;
  pipelines::Configurations configurations_{store_, world_.clock(), random_};
};

const json::object deploy = object(R"({"application": "shop", "name": "Deploy", "stages": [
    {"refId": "1", "type": "wait", "name": "${ parameters.left_alone }"}]})");

TEST_F(PipelineStages, SavesAPipelineAsItIsWritten) {
  EXPECT_EQ(run("savePipeline", {{"pipeline", deploy}}), Status::succeeded) << world_.error();
  EXPECT_THAT(saved(), ElementsAre("Deploy"));
  EXPECT_EQ(find("Deploy").at("stages").at(0).at("name"), "${ parameters.left_alone }");
  EXPECT_EQ(context().at("pipeline.name"), "Deploy");
  EXPECT_EQ(context().at("pipeline.id"), find("Deploy").at("id"));
  EXPECT_EQ(context().at("notification.type"), "savepipeline");
}

TEST_F(PipelineStages, SavesWhatIsEncodedAndKeepsItsPlaceUnlessItIsGivenOne) {
  run("savePipeline", {{"pipeline", deploy}});
  json::object changed = find("Deploy");
  const std::string id(changed.at("id").as_string());
  changed["index"] = 4;
  EXPECT_EQ(run("updatePipeline", {{"pipeline", base::to_base64(base::to_text(changed))}}),
            Status::succeeded);
  EXPECT_EQ(run_async(io_, configurations_.find_by_id(id))->at("index"), 4);
  changed.erase("index");
  changed["limitConcurrent"] = true;
  EXPECT_EQ(run("updatePipeline", {{"pipeline", base::to_base64(base::to_text(changed))}}),
            Status::succeeded);
  EXPECT_EQ(find("Deploy").at("limitConcurrent"), true);
  EXPECT_EQ(run_async(io_, configurations_.find_by_id(id))->at("index"), 4);
}

TEST_F(PipelineStages, RefusesANameThatIsTaken) {
  run("savePipeline", {{"pipeline", deploy}});
  EXPECT_EQ(run("savePipeline", {{"pipeline", deploy}}),
            Status::succeeded);  // the same step, repeated: nothing new
  json::object other = deploy;
  other["id"] = "another";
  EXPECT_EQ(run("savePipeline", {{"pipeline", other}}), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("Deploy: A pipeline with name Deploy already exists"));
  EXPECT_EQ(run("savePipeline", {{"pipeline", other}, {"isSavingMultiplePipelines", true}}),
            Status::succeeded);
  EXPECT_EQ(world_.execution().stages.front().status, Status::failed_continue);
}

TEST_F(PipelineStages, RefusesAStaleOne) {
  run("savePipeline", {{"pipeline", deploy}});
  json::object stale = find("Deploy");
  stale["updateTs"] = "1";
  EXPECT_EQ(run("savePipeline", {{"pipeline", stale}, {"staleCheck", true}}), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("stale"));
}

TEST_F(PipelineStages, SavesManyAndSaysWhichFailed) {
  json::object nameless = deploy;
  nameless.erase("name");
  json::object second = deploy;
  second["name"] = "Test";
  const std::string all = base::to_base64(base::to_text(json::array{deploy, nameless, second}));
  EXPECT_EQ(run("savePipeline", {{"pipelines", all}, {"isBulkSavingPipelines", true}}), Status::terminal);
  EXPECT_THAT(saved(), ElementsAre("Deploy", "Test"));
  EXPECT_THAT(world_.error(), HasSubstr("(unnamed)"));
  EXPECT_EQ(context().at("bulksave"),
            object(R"({"successful_pipelines_count": 2, "successful_pipelines": ["Deploy", "Test"],
                       "failed_pipelines_count": 1, "failed_pipelines": [{"name": "", "application": "shop",
                       "errorMsg": "A pipeline requires name and application fields"}]})"));
  EXPECT_EQ(context().at("application"), "shop");
  run("savePipeline", {{"pipelines", all}, {"isBulkSavingPipelines", true}, {"application", "for all"}});
  EXPECT_EQ(context().at("application"), "for all");
}

TEST_F(PipelineStages, GivesTriggersTheAccountTheyRunAs) {
  json::object triggered = deploy;
  triggered["triggers"] =
      json::array{json::object{{"type", "cron"}}, json::object{{"type", "git"}, {"runAsUser", "own"}}};
  run("savePipeline", {{"pipeline", triggered}, {"pipeline.serviceAccount", "robot"}});
  EXPECT_EQ(find("Deploy").at("triggers").at(0).at("runAsUser"), "robot");
  EXPECT_EQ(find("Deploy").at("triggers").at(1).at("runAsUser"), "own");
}

TEST_F(PipelineStages, RefusesWhatIsNoPipeline) {
  EXPECT_EQ(run("savePipeline", {}), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("pipeline: a pipeline"));
  EXPECT_EQ(run("savePipeline", {{"pipeline", "no base64!"}}), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("pipeline: JSON, or its base64, is needed"));
}

TEST_F(PipelineStages, DeletesAndReorders) {
  run("savePipeline", {{"pipeline", deploy}});
  json::object second = deploy;
  second["name"] = "Another";
  second["id"] = "second";
  run("savePipeline", {{"pipeline", second}});
  const std::string first = std::string(find("Deploy").at("id").as_string());
  EXPECT_EQ(run("reorderPipelines",
                {{"application", "shop"}, {"idsToIndices", json::object{{first, 1}, {"second", 0}}}}),
            Status::succeeded);
  EXPECT_THAT(saved(), ElementsAre("Another", "Deploy"));
  EXPECT_EQ(run("reorderPipelines",
                {{"application", base::to_base64("\"shop\"")},
                 {"idsToIndices", base::to_base64(base::to_text(json::object{{first, 0}, {"second", 1}}))},
                 {"isStrategy", base::to_base64("false")}}),
            Status::succeeded)
      << world_.error();
  EXPECT_THAT(saved(), ElementsAre("Deploy", "Another"));
  EXPECT_EQ(run("reorderPipelines", {{"application", "other"}, {"idsToIndices", json::object{{first, 1}}}}),
            Status::terminal);
  EXPECT_EQ(run("deletePipeline", {{"pipeline", deploy}}), Status::succeeded);
  EXPECT_THAT(saved(), ElementsAre("Another"));
  EXPECT_EQ(run("deletePipeline", {{"pipeline", json::object{{"name", "x"}}}}), Status::terminal);
  EXPECT_EQ(run("reorderPipelines", {{"idsToIndices", 3}}), Status::terminal);
}

model::Execution with_artifact(std::string id, std::string config, Status status, std::string name) {
  auto made = execution({{.ref_id = "1"}});
  made.id = std::move(id);
  made.pipeline_config_id = std::move(config);
  made.status = status;
  made.stages[0].outputs["artifacts"] = json::array{json::object{{"type", "docker/image"}, {"name", name}}};
  return made;
}

json::object image_of(std::string pipeline, std::string options) {
  return {{"pipeline", pipeline},
          {"executionOptions", object(options)},
          {"expectedArtifacts",
           json::array{object(R"({"id": "e", "matchArtifact": {"type": "docker/image"}})")}}};
}

TEST_F(PipelineStages, FindsAnArtifactOfTheLastExecution) {
  keep(with_artifact("a", "build", Status::succeeded, "good"));
  keep(with_artifact("b", "build", Status::terminal, "bad"));
  EXPECT_EQ(run("findArtifactFromExecution", image_of("build", R"({"successful": true})")),
            Status::succeeded);
  EXPECT_EQ(outputs().at("artifacts").at(0).at("name"), "good");
  EXPECT_EQ(run("findArtifactFromExecution", image_of("build", "{}")), Status::succeeded);
  EXPECT_EQ(outputs().at("artifacts").at(0).at("name"), "bad");
  EXPECT_EQ(outputs().at("resolvedExpectedArtifacts").at(0).at("boundArtifact").at("name"), "bad");
}

TEST_F(PipelineStages, DoesNotFindItsOwnEarlierAnswer) {
  keep(with_artifact("a", "self", Status::succeeded, "mine"));
  EXPECT_EQ(run("findArtifactFromExecution", image_of("self", "{}"), "self"), Status::terminal);
  EXPECT_EQ(world_.error(), "Unmatched expected artifact 'e' could not be resolved.");
}

TEST_F(PipelineStages, FailsWithoutAnExecution) {
  EXPECT_EQ(run("findArtifactFromExecution", image_of("build", R"({"running": true})")), Status::terminal);
  EXPECT_EQ(run("findArtifactFromExecution", {{"pipeline", "build"}}), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("expectedArtifacts"));
}

}  // namespace
}  // namespace gennaker::stages
