#include "stages/depends_on_execution/depends_on_execution.h"

#include <fmt/format.h>

#include "base/json.h"
#include "runner/runner.h"

namespace gennaker::stages {
namespace {

using model::Status;

class DependsOnExecution final : public engine::Stage {
 public:
  std::string_view type() const override { return "dependsOnExecution"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    if (stage.text("executionId").empty())
      return engine::refuse("executionId", "an execution's id is needed");
    return engine::run_in_order({"dependsOnExecution"});
  }
};

class DependsOnExecutionTask final : public runner::Task {
 public:
  explicit DependsOnExecutionTask(store::Store& store) : store_(store) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const std::string id = context.required_text("executionId");
    const std::optional<model::Execution> other = co_await store_.execution(id);
    if (!other) co_return runner::failed(context, fmt::format("executionId: execution {} is not known", id));
    const std::string status(model::to_string(other->status));
    if (!model::is_complete(other->status)) {
      co_return runner::again({.after = std::chrono::seconds(10),
                               .waiting_for = fmt::format("execution {} ({})", id, status),
                               .wake_on = runner::execution_word(id)});
    }
    if (other->status == Status::succeeded) co_return runner::succeeded();
    runner::TaskResult result;
    result.status = Status::canceled;
    result.context["reason"] = fmt::format("execution {}, which this one depends on, ended {}", id, status);
    co_return result;
  }

  std::optional<runner::TaskResult> assumed(const runner::TaskContext&) const override {
    return runner::succeeded();
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::hours(2);
  }

 private:
  store::Store& store_;
};

}  // namespace

void add_depends_on_execution(runner::Catalogs& catalogs, store::Store& store) {
  catalogs.stages.add(std::make_unique<DependsOnExecution>());
  catalogs.tasks.add("dependsOnExecution", std::make_unique<DependsOnExecutionTask>(store));
}

}  // namespace gennaker::stages
