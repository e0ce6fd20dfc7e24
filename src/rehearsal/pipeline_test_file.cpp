#include "rehearsal/pipeline_test_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/json.h"
#include "rehearsal/expect_reader.h"
#include "rehearsal/script_reader.h"
#include "rehearsal/test_scene.h"
#include "rehearsal/test_shapes.h"
#include "rehearsal/time_text.h"

namespace gennaker::rehearsal {
namespace {

constexpr std::chrono::hours usual_patience{24 * 90};
/// A Monday morning, when people deploy.
constexpr std::string_view usual_start = "2026-01-05T09:00:00Z";

class FileReader {
 public:
  explicit FileReader(const std::filesystem::path& path) : file_(path.string()), scenes_(path) {}

  std::vector<PipelineTest> read(const Located& root) {
    const Fields top(file_, "", root, shapes::file);
    common_ = std::make_shared<Scene>();
    if (const Located* pipeline = top.find("pipeline"))
      common_->pipeline = scenes_.pipeline(*pipeline, "pipeline");
    top.each_item("pipelines", [&](const Located& item, const std::string& path) {
      common_->pipelines.push_back(scenes_.pipeline(item, path));
    });
    if (top.has("application")) common_->application = application(*top.find("application"));
    common_->accounts = scenes_.cloud(top.find("cloud"), "cloud");
    top.required("tests");
    top.each_item("tests", [&](const Located& item, const std::string& path) { read_test(item, path); });
    if (tests_.empty()) top.refuse("tests", "there is none");
    return std::move(tests_);
  }

 private:
  json::object application(const Located& given) {
    if (given.is_text()) return scenes_.pipeline(given, "application");
    if (!given.is_mapping())
      refuse_value(file_, given.line, "application",
                   "a file's name or a mapping of its attributes is needed");
    return to_json(given).as_object();
  }

  std::shared_ptr<const Scene> scene_of(const Fields& fields) {
    const Located* pipeline = fields.find("pipeline");
    const Located* cloud = fields.find("cloud");
    if (pipeline == nullptr && common_->pipeline.empty())
      fields.refuse("pipeline", "is missing, here or for the whole file");
    if (pipeline == nullptr && cloud == nullptr) return common_;
    auto own = std::make_shared<Scene>(*common_);
    if (pipeline != nullptr) own->pipeline = scenes_.pipeline(*pipeline, fields.path_of("pipeline"));
    if (cloud != nullptr) own->accounts = scenes_.cloud(cloud, fields.path_of("cloud"));
    return own;
  }

  void read_test(const Located& item, const std::string& path) {
    const Fields fields(file_, path, item, shapes::test);
    fields.required("name");
    PipelineTest test;
    test.place = fields.place();
    test.name = fields.text("name");
    if (const auto [other, is_new] = lines_.try_emplace(test.name, test.place.line); !is_new)
      fields.refuse("name",
                    fmt::format("'{}' is the name of the test in line {} too", test.name, other->second));
    test.scene = scene_of(fields);
    const auto at = parse_moment(fields.text("at", usual_start));
    if (!at || *at < base::from_millis(0))
      fields.refuse("at", "a moment is needed, such as 2026-01-05T09:00:00Z");
    test.at = *at;
    test.patience = fields.duration("patience").value_or(usual_patience);
    test.parameters = fields.object("parameters");
    test.trigger = fields.object("trigger");
    test.user = fields.text("user", base::string_or(test.trigger, "user", "anonymous"));
    fields.each_item("script", [&](const Located& entry, const std::string& at_entry) {
      test.script.push_back(read_script_entry(file_, at_entry, entry));
    });
    if (const Located* expect = fields.find("expect"))
      test.expect = read_expectations(file_, "expect", *expect);
    tests_.push_back(std::move(test));
  }

  std::string file_;
  SceneReader scenes_;
  std::shared_ptr<Scene> common_;
  std::vector<PipelineTest> tests_;
  std::map<std::string, int> lines_;  ///< by name
};

[[noreturn]] void refuse_path(const std::filesystem::path& path, std::string_view why) {
  throw base::Error(base::Kind::invalid, fmt::format("{}: {}", path.string(), why), {{"usage", true}});
}

bool is_test_file(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name.ends_with(".test.yaml") || name.ends_with(".test.yml");
}

}  // namespace

std::vector<PipelineTest> parse_test_file(std::string_view text, const std::filesystem::path& file) {
  const Located root = parse_yaml(text, file.string());
  return FileReader(file).read(root);
}

std::vector<PipelineTest> read_test_file(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  std::ifstream in(file);
  if (error || !in) refuse_path(file, "cannot be read");
  check_size(size, file.string());
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return parse_test_file(text, file);
}

std::vector<std::filesystem::path> test_files(const std::filesystem::path& path) {
  std::error_code error;
  const auto kind = std::filesystem::status(path, error).type();
  if (kind == std::filesystem::file_type::not_found) refuse_path(path, "there is no such file or folder");
  if (kind != std::filesystem::file_type::directory) return {path};
  std::vector<std::filesystem::path> files;
  const auto options = std::filesystem::directory_options::skip_permission_denied;
  for (auto at = std::filesystem::recursive_directory_iterator(path, options, error);
       at != std::filesystem::recursive_directory_iterator(); at.increment(error)) {
    if (error) refuse_path(path, error.message());
    if (at->is_regular_file(error) && is_test_file(at->path())) files.push_back(at->path());
  }
  if (files.empty()) refuse_path(path, "in this folder no file's name ends in .test.yaml");
  std::sort(files.begin(), files.end());
  return files;
}

std::span<const Shape> test_file_shapes() {
  using namespace shapes;
  static const std::vector<Shape> all{
      file,    test,   cloud, account, image,     load_balancer, server_group, entry, response, result,
      by_whom, expect, stage, range,   operation, call,          list_form,    child, things};
  return all;
}

}  // namespace gennaker::rehearsal
