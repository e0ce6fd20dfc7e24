#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>

#include "base/json.h"
#include "rehearsal/plan.h"
#include "testing/builders.h"
#include "testing/demo_cloud.h"
#include "testing/json_schema.h"

/// Every example of a documentation page is one that runs: it has the form that its stage's schema.json says,
/// and is carried out in a rehearsal, on a simulated cloud, to its end.
namespace gennaker::rehearsal {
namespace {

namespace fs = std::filesystem;
using gennaker::testing::demo_account;
using gennaker::testing::object;
using ::testing::IsEmpty;

const fs::path root = GENNAKER_SOURCE_DIR;

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Pages whose examples are stages or pipelines, from the root.
std::vector<std::string> pages() {
  std::vector<std::string> found{"docs/strategies.md", "docs/getting-started.md"};
  for (const char* room : {"src/stages", "src/providers"}) {
    for (const auto& entry : fs::directory_iterator(root / room)) {
      if (fs::exists(entry.path() / "README.md"))
        found.push_back(fs::relative(entry.path() / "README.md", root).string());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// What is in the fences ```json of a page.
std::vector<json::object> examples_of(const std::string& page) {
  std::vector<json::object> found;
  const std::string text = text_of(root / page), fence = "```";
  for (std::size_t at = text.find(fence + "json\n"); at != std::string::npos;) {
    const std::size_t begin = at + fence.size() + 5, end = text.find(fence, begin);
    found.push_back(base::parse_json_object(text.substr(begin, end - begin), page));
    at = text.find(fence + "json\n", end);
  }
  return found;
}

/// A pipeline's stages, an ad-hoc task's, or one stage.
json::array stages_in(const json::object& example) {
  for (const char* list : {"stages", "job"}) {
    if (const auto* stages = base::find_array(example, list)) return *stages;
  }
  return {example};
}

/// Of a stage's folder; of a page elsewhere there is none to compare with.
void check_form(const std::string& page, const json::object& stage) {
  const fs::path schema = (root / page).parent_path() / "schema.json";
  if (!page.starts_with("src/stages/") || !fs::exists(schema)) return;
  EXPECT_THAT(gennaker::testing::schema_breaks(base::parse_json_object(text_of(schema), "the schema"), stage),
              IsEmpty())
      << page;
}

/// What must stand before an example so that it finds what it speaks of, by its type.
json::array stages_before(const std::string& type) {
  if (type == "monitorPipeline") {
    return object(R"({"stages": [
        {"type": "pipeline", "name": "East", "pipeline": "Deploy demo", "waitForCompletion": false},
        {"type": "pipeline", "name": "West", "pipeline": "Deploy demo", "waitForCompletion": false}]})")
        ["stages"]
            .as_array();
  }
  return object(R"({"stages": [{"type": "findImageFromTags", "credentials": "local", "regions": ["local"],
                                "packageName": "demo"}]})")["stages"]
      .as_array();
}

/// The stages with those before them, and with places for the others that they wait for.
json::array completed(json::array stages) {
  std::set<std::string> there, wanted;
  for (const auto& stage : stages) {
    there.insert(base::string_or(stage.as_object(), "refId", ""));
    for (const std::string& ref : base::string_list(stage.as_object(), "requisiteStageRefIds"))
      wanted.insert(ref);
  }
  json::array all;
  json::array before;
  if (!wanted.empty()) before = stages_before(base::string_or(stages.front().as_object(), "type", ""));
  std::string last;
  for (std::size_t i = 0; i < before.size(); ++i) {
    json::object stage = before[i].as_object();
    stage["refId"] = "before" + std::to_string(i);
    if (!last.empty()) stage["requisiteStageRefIds"] = json::array{json::value(last)};
    last = base::string_or(stage, "refId", "");
    all.push_back(std::move(stage));
  }
  for (const std::string& ref : wanted) {
    if (there.contains(ref)) continue;
    all.push_back(json::object{
        {"refId", ref}, {"type", "noop"}, {"requisiteStageRefIds", json::array{json::value(last)}}});
  }
  for (auto& stage : stages) {
    if (!stage.as_object().contains("refId")) stage.as_object()["refId"] = "1";
    all.push_back(std::move(stage));
  }
  return all;
}

/// A parameter for each that the expressions read.
json::array parameters_in(const json::array& stages) {
  json::array declared;
  std::set<std::string> names;
  const std::string text = base::to_text(stages);
  const std::regex read(R"(parameters\.([A-Za-z]+))");
  for (std::sregex_iterator found(text.begin(), text.end(), read), end; found != end; ++found) {
    if (names.insert((*found)[1]).second)
      declared.push_back(json::object{{"name", (*found)[1].str()}, {"default", "before"}});
  }
  return declared;
}

class Examples : public ::testing::TestWithParam<std::string> {
 protected:
  Examples() {
    setting_.beneath = &saved_;
    save(R"({"application": "demo", "name": "Deploy demo", "id": "4be7a1",
             "parameterConfig": [{"name": "version", "default": "1"}],
             "stages": [{"refId": "1", "type": "wait", "waitTime": 1}]})");
    save(R"({"application": "demo", "name": "Hourly", "id": "9c01ff", "stages": []})");
    save_execution("before");
  }

  void on_its_own(Async<void> work) {
    boost::asio::io_context io;
    boost::asio::co_spawn(io, std::move(work), boost::asio::detached);
    io.run();
  }
  void save(const char* config) {
    pipelines::Configurations configurations(saved_, clock_, random_);
    boost::asio::io_context io;
    boost::asio::co_spawn(
        io, configurations.save(object(config), "ann", pipelines::Configurations::StaleCheck::no),
        boost::asio::detached);
    io.run();
  }
  /// One that has ended well, and has put an image out.
  void save_execution(const std::string& id) {
    auto ended = gennaker::testing::execution({{.type = "wait", .outputs = R"({"artifacts": [
        {"type": "docker/image", "name": "demo", "reference": "registry.example.com/demo:1"}]})"}});
    ended.id = id;
    ended.application = "demo";
    ended.pipeline_config_id = "4be7a1";
    ended.build_time = base::from_millis(1'763'000'000'000);
    ended.status = ended.stages.front().status = model::Status::succeeded;
    store::Changes changes;
    changes.executions.push_back(store::row_of(ended));
    changes.stages.push_back(store::row_of(ended, ended.stages.front()));
    on_its_own(saved_.commit(std::move(changes)));
  }

  json::object plan(json::array stages) {
    PlanRequest request;
    request.config = {{"application", "demo"}, {"name", "Example"}, {"id", "example"}};
    request.config["parameterConfig"] = parameters_in(stages);
    request.config["stages"] = std::move(stages);
    return make_plan(setting_, std::move(request));
  }

  store::MemoryStore saved_;
  base::SystemClock clock_;
  base::SeededRandom random_{1};
  Setting setting_ = gennaker::testing::demo_setting();
};

TEST_P(Examples, AreOfTheRightFormAndRun) {
  const std::string page = GetParam();
  const std::vector<json::object> examples = examples_of(page);
  ASSERT_FALSE(examples.empty()) << page << " has no example: write one between ```json and ```";
  if (page.starts_with("src/providers/docker/"))
    setting_.accounts.at(1) = demo_account("prod", "docker", "docker");
  for (const json::object& example : examples) {
    json::array stages = stages_in(example);
    for (const auto& stage : stages) check_form(page, stage.as_object());
    const json::object told = plan(completed(std::move(stages)));
    EXPECT_EQ(base::string_or(told, "status", "did not start"), "SUCCEEDED")
        << page << ":\n"
        << base::to_pretty_text(example) << "\n"
        << base::to_pretty_text(told);
    EXPECT_EQ(told.at("problems"), json::array{}) << page;
  }
}

INSTANTIATE_TEST_SUITE_P(Pages, Examples, ::testing::ValuesIn(pages()), [](const auto& page) {
  return std::regex_replace(
      fs::path(page.param).parent_path().string() + fs::path(page.param).stem().string(),
      std::regex("[^A-Za-z0-9]"), "_");
});

}  // namespace
}  // namespace gennaker::rehearsal
