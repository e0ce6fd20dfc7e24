#include "stages/pipeline/pipeline.h"

#include <fmt/format.h>

#include "artifacts/artifacts.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "engine/stage.h"
#include "pipelines/start_artifacts.h"
#include "stages/bind_artifacts.h"
#include "stages/child_executions.h"

namespace gennaker::stages {

namespace json = boost::json;
using base::Async;
using model::Status;

namespace {

/// Deeper than any sane nesting, shallow enough to end a circle of pipelines soon.
constexpr std::int64_t most_nested = 25;

/// A strategy is a pipeline too; it is named by another field.
bool is_strategy(const json::object& context) {
  const auto* parameters = base::find_object(context, "pipelineParameters");
  return parameters != nullptr && base::bool_or(*parameters, "strategy", false);
}

class Pipeline final : public engine::Stage {
 public:
  std::string_view type() const override { return "pipeline"; }
  bool runs_dry(const engine::StageView&) const override { return true; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const std::string_view field = is_strategy(stage.context()) ? "pipelineId" : "pipeline";
    if (stage.text(field).empty())
      return engine::refuse(std::string(field), "the id or name of a pipeline is needed");
    const auto* parameters = stage.context().if_contains("pipelineParameters");
    if (parameters != nullptr && !parameters->is_null() && !parameters->is_object()) {
      return engine::refuse("pipelineParameters", "an object is needed");
    }
    engine::Plan plan;
    // Restarted with its child: that one is followed, none is started.
    if (stage.context().if_contains("executionId") == nullptr)
      plan.tasks.push_back({"startPipeline", "startPipeline"});
    if (base::bool_or(stage.context(), "waitForCompletion", true)) {
      plan.tasks.push_back({"monitorPipeline", "monitorPipeline"});
    }
    plan_binding(stage, plan);
    return plan;
  }

  void prepare_restart(model::Stage& stage) const override {
    if (stage.context.erase("_skipPipelineRestart") > 0) return;
    for (const std::string_view of_child : {"status", "executionName", "executionId"})
      stage.context.erase(of_child);
  }

  bool can_be_skipped(const engine::StageView& stage) const override {
    return base::bool_or(stage.context(), "skippable", false);
  }

  /// What the child put out is bound as an artifact before, but nobody downstream sees it.
  void finish(model::Stage& stage) const override {
    if (base::bool_or(stage.context, "skipDownstreamOutput", false)) stage.outputs.clear();
  }
};

class StartPipeline final : public runner::Task {
 public:
  explicit StartPipeline(PipelineStageParts parts) : parts_(parts) {}

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    const bool strategy = is_strategy(context.stage().context);
    const std::string kind = strategy ? "custom strategy" : "pipeline";
    const std::string wanted = context.required_text(strategy ? "pipelineId" : "pipeline");
    std::string application =
        pipelines::referenced_application(context.stage().context, context.execution().application);
    auto finding = parts_.configurations.find_referenced(std::move(application), wanted);
    std::optional<json::object> config = co_await std::move(finding);
    if (!config) {
      co_return runner::failed(context,
                               fmt::format("The referenced {} cannot be located ({})", kind, wanted));
    }
    if (base::bool_or(*config, "disabled", false)) {
      co_return runner::failed(context, fmt::format("The referenced {} is disabled ({})", kind, wanted));
    }
    const auto depth = base::whole_number(context.execution().trigger, "nestingDepth").value_or(0) + 1;
    if (depth > most_nested) {
      co_return runner::failed(
          context,
          fmt::format("pipeline {} would be nested {} levels deep; {} are allowed. Do pipelines call "
                      "each other in a circle?",
                      base::string_or(*config, "name", wanted), depth, most_nested));
    }
    pipelines::StartRequest request;
    request.config = std::move(*config);
    request.trigger = trigger_of(context, base::string_or(request.config, "id", ""));
    request.trigger["strategy"] = strategy;
    pass_artifacts(context, request.config, request.trigger);
    request.by = pipelines::StartedBy::automatically;
    request.user = context.user();
    request.origin = context.execution().origin;
    // Derived from the step: a start that is repeated after a crash finds the execution it made.
    request.execution_id = base::derived_ulid(*context.stage().start_time, context.key("child"));
    const std::string name = base::string_or(request.config, "name", "");
    std::string id = *request.execution_id;
    const std::optional<model::Execution> started = co_await parts_.store.execution(id);
    if (!started) {
      auto starting = parts_.starter.start_pipeline(std::move(request));
      id = co_await std::move(starting);
    }
    co_return runner::succeeded({{"executionId", id}, {"executionName", name}});
  }

 private:
  static json::object trigger_of(const runner::TaskContext& context, const std::string& child_config_id) {
    const auto* given = base::find_object(context.stage().context, "pipelineParameters");
    const model::Execution& parent = context.execution();
    json::object trigger;
    trigger["type"] = "pipeline";
    trigger["user"] = context.user();
    trigger["parameters"] = given ? *given : json::object{};
    // By reference: what clients expect inside is joined when the execution is read.
    trigger["parentExecutionId"] = parent.id;
    trigger["parentRootId"] = parent.root_id;
    trigger["parentPipelineId"] = parent.pipeline_config_id;
    trigger["parentPipelineName"] = parent.name;
    trigger["parentPipelineApplication"] = parent.application;
    trigger["parentPipelineStageId"] = context.stage().id;
    trigger["correlationId"] = pipelines::correlation_of_child(parent, context.stage().id, child_config_id);
    trigger["isPipeline"] = true;
    trigger["nestingDepth"] = base::whole_number(parent.trigger, "nestingDepth").value_or(0) + 1;
    if (base::bool_or(parent.trigger, "dryRun", false)) trigger["dryRun"] = true;
    return trigger;
  }

  /// The child receives what the stage can see, and is asked for each expected artifact that this matches or
  /// that its pipeline trigger names.
  static void pass_artifacts(const runner::TaskContext& context, const json::object& child,
                             json::object& trigger) {
    const auto visible = artifacts::visible_to(context.execution(), context.stage());
    json::array ids;
    for (const std::string& id :
         pipelines::ids_for_child(child, context.execution().pipeline_config_id, visible)) {
      ids.push_back(json::value(id));
    }
    trigger["artifacts"] = model::to_json(visible);
    trigger["expectedArtifactIds"] = std::move(ids);
  }

  PipelineStageParts parts_;
};

class MonitorPipeline final : public runner::Task {
 public:
  explicit MonitorPipeline(PipelineStageParts parts) : parts_(parts) {}

  Async<runner::TaskResult> run(runner::TaskContext context) override {
    const std::string id = base::string_or(context.stage().context, "executionId", "");
    std::optional<model::Execution> child = co_await parts_.store.execution(id);
    if (id.empty()) co_return runner::failed(context, "no pipeline execution ids to monitor");
    if (!child) co_return runner::failed(context, fmt::format("executionId: execution {} is not known", id));
    const std::string status(model::to_string(child->status));
    if (!model::is_complete(child->status)) {
      co_return runner::again({.after = std::chrono::seconds(15),
                               .waiting_for = fmt::format("pipeline {} ({})", child->name, status),
                               .wake_on = runner::execution_word(id)},
                              {{"status", status}});
    }
    if (child->status == Status::succeeded) {
      co_return runner::succeeded({{"status", status}}, merged_outputs(*child));
    }
    runner::TaskResult result;
    result.status = child->status == Status::canceled ? Status::canceled : Status::terminal;
    result.context = {{"status", status}, {"exception", child_exception(*child)}};
    if (child->status == Status::canceled) {
      result.context["exception"] = json::object{
          {"details",
           json::object{{"errors", json::array{"At least one monitored pipeline was cancelled"}}}}};
    }
    co_return result;
  }

  Async<runner::TaskResult> cancel(runner::TaskContext context) override {
    auto ending = end_child(std::move(context));
    co_await std::move(ending);
    co_return runner::TaskResult{};
  }

  Async<void> timed_out(runner::TaskContext context) override { return end_child(std::move(context)); }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::hours(12);
  }

 private:
  Async<void> end_child(runner::TaskContext context) {
    const std::string id = base::string_or(context.stage().context, "executionId", "");
    if (id.empty()) co_return;
    engine::Event cancel = engine::Cancel{"parent pipeline", ""};
    auto telling = parts_.runner.tell(id, std::move(cancel));
    co_await std::move(telling);
  }

  PipelineStageParts parts_;
};

}  // namespace

void add_pipeline(runner::Catalogs& catalogs, PipelineStageParts parts) {
  catalogs.stages.add(std::make_unique<Pipeline>());
  catalogs.tasks.add("startPipeline", std::make_unique<StartPipeline>(parts));
  catalogs.tasks.add("monitorPipeline", std::make_unique<MonitorPipeline>(parts));
}

}  // namespace gennaker::stages
