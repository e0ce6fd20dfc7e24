#include "stages/delete_pipeline/delete_pipeline.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "stages/encoded_field.h"

namespace gennaker::stages {

namespace json = boost::json;

namespace {

class DeletePipeline final : public engine::Stage {
 public:
  std::string_view type() const override { return "deletePipeline"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const auto* given = stage.context().if_contains("pipeline");
    if (given == nullptr || given->is_null()) {
      return engine::refuse("pipeline", "{\"application\": ..., \"name\": ...} is needed");
    }
    return engine::run_in_order({"deletePipeline"});
  }

  std::vector<std::string_view> own_expressions() const override { return {"pipeline"}; }
};

class DeletePipelineTask final : public runner::Task {
 public:
  explicit DeletePipelineTask(pipelines::Configurations& configurations) : configurations_(configurations) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const auto given = encoded_field(context.stage().context, "pipeline");
    const json::object pipeline = given && given->is_object() ? given->get_object() : json::object{};
    const std::string application = base::string_or(pipeline, "application", "");
    const std::string name = base::string_or(pipeline, "name", "");
    if (application.empty() || name.empty()) {
      throw base::Error(base::Kind::invalid, "pipeline: application and name are needed",
                        {{"field", "pipeline"}});
    }
    auto removing = configurations_.remove(application, name, context.user());
    co_await std::move(removing);
    co_return runner::succeeded(
        {{"notification.type", "deletepipeline"}, {"application", application}, {"pipeline.name", name}});
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::seconds(30);
  }

 private:
  pipelines::Configurations& configurations_;
};

}  // namespace

void add_delete_pipeline(runner::Catalogs& catalogs, pipelines::Configurations& configurations) {
  catalogs.stages.add(std::make_unique<DeletePipeline>());
  catalogs.tasks.add("deletePipeline", std::make_unique<DeletePipelineTask>(configurations));
}

}  // namespace gennaker::stages
