#include "stages/save_pipelines_from_artifact/save_pipelines_from_artifact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "store/memory/memory_store.h"
#include "testing/builders.h"
#include "testing/run_async.h"
#include "testing/stage_world.h"

namespace gennaker::stages {

namespace json = boost::json;

namespace {

using gennaker::testing::execution;
using gennaker::testing::object;
using model::Status;
using ::testing::HasSubstr;

/// Answers every call with the same.
class Server final : public net::HttpClient {
 public:
  net::Async<net::ClientResponse> send(net::ClientRequest request) override {
    last_url = request.url;
    co_return answer;
  }
  net::ClientResponse answer;
  std::string last_url;
};

class FromArtifact : public ::testing::Test {
 protected:
  FromArtifact() {
    runner::Catalogs catalogs = world_.catalogs();
    add_save_pipelines_from_artifact(
        catalogs, {configurations_, server_, std::make_shared<const net::UrlFence>(net::UrlRules{})});
  }

  Status run(json::object artifact) {
    return world_.run(execution({{.type = "savePipelinesFromArtifact",
                                  .context = base::to_text(json::object{{"pipelinesArtifact", artifact}})}}));
  }
  Status run_embedded(std::string_view text) {
    return run({{"type", "embedded/base64"}, {"reference", base::to_base64(text)}});
  }
  const json::object& outputs() { return world_.execution().stages.front().outputs; }

  boost::asio::io_context io_;
  gennaker::testing::StageWorld world_;
  store::MemoryStore store_;
  base::SystemRandom random_;
  pipelines::Configurations configurations_{store_, world_.clock(), random_};
  Server server_;
};

constexpr std::string_view two =
    R"({"shop": [{"name": "Deploy", "stages": []}], "pay": [{"name": "Test", "stages": [
    {"refId": "1", "type": "wait", "name": "${ parameters.left_alone }"}]}]})";

TEST_F(FromArtifact, CreatesAndThenUpdates) {
  ASSERT_EQ(run_embedded(two), Status::succeeded) << world_.error();
  EXPECT_EQ(outputs().at("pipelinesCreated").as_array().size(), 2u);
  EXPECT_TRUE(outputs().at("pipelinesUpdated").as_array().empty());
  const auto saved = gennaker::testing::run_async(io_, configurations_.find("pay", "Test"));
  ASSERT_TRUE(saved);
  EXPECT_EQ(saved->at("stages").at(0).at("name"), "${ parameters.left_alone }");
  EXPECT_EQ(run_embedded(two), Status::succeeded);
  EXPECT_EQ(outputs().at("pipelinesUpdated").at(1).at("id"), saved->at("id"));
}

TEST_F(FromArtifact, TakesAPipelineForTheSameByItsNameOnly) {
  json::object other{{"application", "shop"}, {"name", "Other"}, {"id", "Fresh"}, {"index", 3}};
  auto saving = configurations_.save(other, "ann", pipelines::Configurations::StaleCheck::no);
  gennaker::testing::run_async(io_, std::move(saving));
  EXPECT_EQ(run_embedded(R"({"shop": [{"name": "Fresh", "stages": []}, {"name": " Other ", "stages": []}]})"),
            Status::succeeded)
      << world_.error();
  EXPECT_EQ(outputs().at("pipelinesCreated").at(0).at("name"), "Fresh");
  EXPECT_NE(outputs().at("pipelinesCreated").at(0).at("id"), "Fresh");
  EXPECT_EQ(outputs().at("pipelinesUpdated").at(0).at("id"), "Fresh");
  const auto kept = gennaker::testing::run_async(io_, configurations_.find_by_id("Fresh"));
  EXPECT_EQ(kept->at("index"), 3);
}

TEST_F(FromArtifact, SavesTheOthersWhenOneIsRefused) {
  EXPECT_EQ(run_embedded(R"({"shop": [{"stages": []}, {"name": "Good", "stages": []}]})"), Status::terminal);
  EXPECT_EQ(outputs().at("pipelinesCreated").as_array().size(), 1u);
  EXPECT_EQ(outputs().at("pipelinesFailedToSave").as_array().size(), 1u);
  EXPECT_THAT(world_.error(), HasSubstr("(unnamed): A pipeline requires name"));
}

TEST_F(FromArtifact, FetchesAFile) {
  server_.answer = {200, {}, std::string(two)};
  EXPECT_EQ(run({{"type", "http/file"}, {"reference", "http://files.example.com/p.json"}}),
            Status::succeeded);
  EXPECT_EQ(server_.last_url, "http://files.example.com/p.json");
}

TEST_F(FromArtifact, SaysWhatItCannotRead) {
  EXPECT_EQ(run_embedded("{}"), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("holds no pipelines"));
  EXPECT_EQ(run_embedded("no JSON"), Status::terminal);
  EXPECT_EQ(run_embedded(R"({"shop": 3})"), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("'shop': a list of pipelines is needed"));
  EXPECT_EQ(run({{"type", "s3/object"}, {"name", "p"}, {"reference", "s3://b/p"}}), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("artifact 'p' (s3/object): this type cannot be fetched"));
  server_.answer = {404, {}, ""};
  EXPECT_EQ(run({{"type", "http/file"}, {"reference", "http://files.example.com/p.json"}}), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("status 404"));
  EXPECT_EQ(run({{"type", "http/file"}, {"reference", "http://169.254.169.254/"}}), Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("may not be called"));
  EXPECT_EQ(world_.run(execution(
                {{.type = "savePipelinesFromArtifact", .context = R"({"pipelinesArtifactId": "x"})"}})),
            Status::terminal);
  EXPECT_THAT(world_.error(), HasSubstr("no artifact is bound to 'x'"));
}

}  // namespace
}  // namespace gennaker::stages
