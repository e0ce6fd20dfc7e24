#include "stages/monitor_pipeline/monitor_pipeline.h"

#include <fmt/format.h>
#include <string>
#include <vector>

#include "base/json.h"
#include "runner/runner.h"
#include "stages/bind_artifacts.h"
#include "stages/child_executions.h"

namespace gennaker::stages {

namespace json = boost::json;
using model::Status;

namespace {

class MonitorPipelines final : public engine::Stage {
 public:
  std::string_view type() const override { return "monitorPipeline"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const std::string behavior = stage.text("monitorBehavior", "WaitForAllToComplete");
    if (behavior != "WaitForAllToComplete" && behavior != "FailFast") {
      return engine::refuse("monitorBehavior",
                            fmt::format("WaitForAllToComplete or FailFast is needed, not '{}'", behavior));
    }
    engine::Plan plan;
    plan.tasks.push_back({"monitorPipeline", "monitorPipelines"});
    plan_binding(stage, plan);
    return plan;
  }
};

struct Look {
  std::vector<model::Execution> executions;
  std::string missing;     ///< the id that is not there
  std::string first_open;  ///< the id of the first that has not ended
  bool failed = false;
};

class MonitorPipelinesTask final : public runner::Task {
 public:
  explicit MonitorPipelinesTask(store::Store& store) : store_(store) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const std::vector<std::string> ids = base::string_list(context.stage().context, "executionIds");
    if (ids.empty()) co_return runner::failed(context, "no pipeline execution ids to monitor");
    auto looking = look(ids);
    const Look now = co_await std::move(looking);
    if (!now.missing.empty()) {
      co_return runner::failed(context, fmt::format("executionIds: execution {} is not known", now.missing));
    }
    const bool fail_fast = context.text("monitorBehavior") == "FailFast";
    if (!now.first_open.empty() && !(fail_fast && now.failed)) {
      co_return runner::again({.after = std::chrono::seconds(15),
                               .waiting_for = fmt::format("execution {} to end", now.first_open),
                               .wake_on = runner::execution_word(now.first_open)});
    }
    co_return result_of(now);
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::hours(12);
  }

 private:
  base::Async<Look> look(std::vector<std::string> ids) {
    Look look;
    for (const std::string& id : ids) {
      std::optional<model::Execution> execution = co_await store_.execution(id);
      if (!execution) {
        look.missing = id;
        co_return look;
      }
      const bool ended = model::is_complete(execution->status);
      if (!ended && look.first_open.empty()) look.first_open = id;
      look.failed |= ended && execution->status != Status::succeeded;
      look.executions.push_back(std::move(*execution));
    }
    co_return look;
  }

  static runner::TaskResult result_of(const Look& look) {
    json::object statuses;
    json::array errors;
    for (const model::Execution& execution : look.executions) {
      json::object status{{"status", model::to_string(execution.status)},
                          {"application", execution.application}};
      if (execution.status == Status::canceled) {
        errors.push_back("At least one monitored pipeline was cancelled");
      } else if (model::is_halt(execution.status)) {
        status["exception"] = child_exception(execution);
        for (const auto& one : status["exception"].at("details").at("errors").as_array())
          errors.push_back(one);
      }
      statuses[execution.id] = std::move(status);
    }
    runner::TaskResult result = runner::succeeded();
    if (look.executions.size() == 1) result.outputs = merged_outputs(look.executions.front());
    result.outputs["executionStatuses"] = std::move(statuses);
    if (!look.failed) return result;
    const bool terminal =
        std::any_of(look.executions.begin(), look.executions.end(), [](const model::Execution& execution) {
          return execution.status == Status::terminal || execution.status == Status::stopped;
        });
    result.status = terminal ? Status::terminal : Status::canceled;
    result.context["exception"] = json::object{{"details", json::object{{"errors", std::move(errors)}}}};
    return result;
  }

  store::Store& store_;
};

}  // namespace

void add_monitor_pipeline(runner::Catalogs& catalogs, store::Store& store) {
  catalogs.stages.add(std::make_unique<MonitorPipelines>());
  catalogs.tasks.add("monitorPipelines", std::make_unique<MonitorPipelinesTask>(store));
}

}  // namespace gennaker::stages
