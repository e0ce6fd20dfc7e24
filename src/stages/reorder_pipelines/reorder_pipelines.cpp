#include "stages/reorder_pipelines/reorder_pipelines.h"

#include "base/error.h"
#include "base/json.h"
#include "stages/encoded_field.h"

namespace gennaker::stages {

namespace json = boost::json;

namespace {

class ReorderPipelines final : public engine::Stage {
 public:
  std::string_view type() const override { return "reorderPipelines"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const auto* given = stage.context().if_contains("idsToIndices");
    if (given == nullptr || given->is_null()) {
      return engine::refuse("idsToIndices", "an object from a pipeline's id to its position is needed");
    }
    return engine::run_in_order({"reorderPipelines"});
  }
};

class ReorderPipelinesTask final : public runner::Task {
 public:
  explicit ReorderPipelinesTask(pipelines::Configurations& configurations)
      : configurations_(configurations) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const auto given = encoded_field(context.stage().context, "idsToIndices");
    if (!given || !given->is_object()) {
      throw base::Error(base::Kind::invalid,
                        "idsToIndices: an object from a pipeline's id to its position is needed",
                        {{"field", "idsToIndices"}});
    }
    const std::string application =
        encoded_text(context.stage().context, "application", context.execution().application);
    json::object positions = given->get_object();
    auto reordering = configurations_.reorder(application, std::move(positions), context.user());
    co_await std::move(reordering);
    co_return runner::succeeded({{"notification.type", "reorderpipelines"}, {"application", application}});
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::seconds(30);
  }

 private:
  pipelines::Configurations& configurations_;
};

}  // namespace

void add_reorder_pipelines(runner::Catalogs& catalogs, pipelines::Configurations& configurations) {
  catalogs.stages.add(std::make_unique<ReorderPipelines>());
  catalogs.tasks.add("reorderPipelines", std::make_unique<ReorderPipelinesTask>(configurations));
}

}  // namespace gennaker::stages
