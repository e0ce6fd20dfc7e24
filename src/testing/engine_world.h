#pragma once

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "engine/advancer.h"
#include "engine/engine.h"

/// For the engine's own tests.
namespace gennaker::testing {

namespace json = boost::json;

/// Does what its context says: {"tasks": ["a", "b"], "before": [...], "after": [...], "onFailure": [...],
/// "refuse": ".."}; synthetic stages are given as contexts, chained unless "parallel".
class ScriptedStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "scripted"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    if (stage.context().contains("stumble")) throw std::runtime_error("stumbled over its plan");
    if (stage.context().contains("refuse")) return engine::refuse("refuse", "as asked");
    engine::Plan plan;
    for (const std::string& task : base::string_list(stage.context(), "tasks"))
      plan.tasks.push_back({task, task});
    plan.before = children(stage, "before");
    return plan;
  }
  std::vector<engine::SyntheticStage> after(const engine::StageView& stage) const override {
    if (stage.context().contains("stumbleAfter")) throw std::runtime_error("stumbled afterwards");
    return children(stage, "after");
  }
  std::vector<engine::SyntheticStage> on_failure(const engine::StageView& stage) const override {
    return children(stage, "onFailure");
  }
  bool runs_dry(const engine::StageView& stage) const override { return stage.context().contains("looks"); }
  void finish(model::Stage& stage) const override {
    if (stage.context.contains("keepsToItself")) stage.outputs.clear();
  }
  bool can_be_skipped(const engine::StageView& stage) const override {
    return stage.context().contains("skippable");
  }

 private:
  static std::vector<engine::SyntheticStage> children(const engine::StageView& stage, std::string_view key) {
    std::vector<engine::SyntheticStage> specs;
    if (const auto* list = base::find_array(stage.context(), key)) {
      for (const auto& child : *list) {
        const auto& context = child.as_object();
        specs.push_back(
            {.type = "scripted", .name = base::string_or(context, "name", "child"), .context = context});
      }
    }
    return base::bool_or(stage.context(), "parallel", false) ? specs : engine::in_sequence(std::move(specs));
  }
};

/// One execution, driven by hand. Stages are written as "A", "B<-A", "J<-A,B", with a context each.
class EngineWorld {
 public:
  struct StageText {
    std::string_view graph;
    std::string_view context = "{}";
  };

  explicit EngineWorld(std::initializer_list<StageText> stages)
      : EngineWorld(std::vector<StageText>(stages)) {}
  explicit EngineWorld(const std::vector<StageText>& stages, json::object trigger = {}) {
    execution.trigger = std::move(trigger);
    catalog_.add(std::make_unique<ScriptedStage>());
    execution.id = "E";
    execution.application = "shop";
    for (const StageText& text : stages) {
      model::Stage stage;
      const auto arrow = text.graph.find("<-");
      stage.ref_id = text.graph.substr(0, arrow);
      stage.id = "id-" + stage.ref_id;
      stage.type = "scripted";
      stage.name = stage.ref_id;
      stage.ordinal = static_cast<int>(execution.stages.size());
      if (arrow != std::string_view::npos) {
        stage.requisites = base::string_list({{"l", json::value(text.graph.substr(arrow + 2))}}, "l");
      }
      stage.context = base::parse_json_object(text.context, "context");
      if (!stage.context.contains("tasks")) stage.context["tasks"] = json::array{"t"};
      execution.stages.push_back(std::move(stage));
    }
    advancer_.emplace(catalog_, execution);
    tell(engine::Start{});
  }
  EngineWorld(const EngineWorld&) = delete;

  engine::Outcome tell(const engine::Event& event) {
    engine::Outcome outcome = advancer_->advance(event, now);
    for (const engine::Effect& effect : outcome.effects) effects.push_back(effect);
    return outcome;
  }

  const model::Stage& stage(std::string_view ref) const {
    const auto* found = execution.find_by_ref(ref);
    EXPECT_NE(found, nullptr) << "no stage " << ref;
    static const model::Stage none;
    return found ? *found : none;
  }
  model::Status status(std::string_view ref) const { return stage(ref).status; }

  /// The running task of a stage ends.
  void end(std::string_view ref, model::Status status, json::object context = {}, json::object outputs = {}) {
    for (const auto& task : stage(ref).tasks) {
      if (task.status != model::Status::running && task.status != model::Status::paused) continue;
      tell(engine::TaskReport{stage(ref).id, task.id, status, std::move(context), std::move(outputs)});
      return;
    }
    ADD_FAILURE() << "stage " << ref << " has no running task";
  }

  /// All tasks that were asked to be cancelled report so.
  void finish_cancels() {
    for (const engine::Effect& effect : std::exchange(effects, {})) {
      if (const auto* cancel = std::get_if<engine::CancelTask>(&effect)) {
        tell(engine::TaskReport{cancel->stage_id, cancel->task_id, model::Status::canceled, {}, {}});
      }
    }
  }

  std::map<std::string, model::Status> statuses() const {
    std::map<std::string, model::Status> all;
    for (const auto& stage : execution.stages) all[stage.ref_id] = stage.status;
    return all;
  }

  model::Execution execution;
  base::TimePoint now = base::from_millis(1'000'000);
  std::vector<engine::Effect> effects;

 private:
  engine::StageCatalog catalog_;
  std::optional<engine::Advancer> advancer_;
};

}  // namespace gennaker::testing
