#include "engine/stage.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace gennaker::engine {

const json::value* StageView::value(std::string_view key) const {
  if (const auto* own = stage_.context.if_contains(key)) return own;
  for (const model::Stage* ancestor : ancestors(execution_, stage_)) {
    if (const auto* output = ancestor->outputs.if_contains(key)) return output;
  }
  return nullptr;
}

std::string StageView::text(std::string_view key, std::string_view fallback) const {
  const auto* found = value(key);
  return found && !found->is_null() ? base::plain_text(*found) : std::string(fallback);
}

std::string user_of(const model::Execution& execution, const model::Stage& stage) {
  std::string user = base::string_or(execution.authentication, "user", "anonymous");
  for (const model::Stage* ancestor : ancestors(execution, stage)) {
    if (ancestor == &stage || ancestor->type != "manualJudgment") continue;
    if (ancestor->status == model::Status::skipped) continue;
    if (!base::bool_or(ancestor->context, "propagateAuthenticationContext", false)) continue;
    const bool goes_on =
        base::lower_case(base::string_or(ancestor->context, "judgmentStatus", "")) == "continue";
    return goes_on ? base::string_or(ancestor->last_modified, "user", user) : user;
  }
  return user;
}

std::vector<SyntheticStage> in_sequence(std::vector<SyntheticStage> stages) {
  for (std::size_t i = 1; i < stages.size(); ++i) stages[i].requires_positions = {i - 1};
  return stages;
}

Plan refuse(std::string field, std::string reason) {
  return {.refused = Refusal{std::move(field), std::move(reason)}, .tasks = {}, .before = {}};
}

Plan run_in_order(std::initializer_list<std::string_view> task_names) {
  Plan plan;
  for (const std::string_view name : task_names) plan.tasks.push_back({std::string(name), std::string(name)});
  return plan;
}

void StageCatalog::add(std::unique_ptr<Stage> stage) {
  stages_.push_back(std::move(stage));
}

const Stage* StageCatalog::find(std::string_view type) const {
  for (const auto& stage : stages_) {
    if (stage->type() == type) return stage.get();
    for (const std::string_view alias : stage->aliases()) {
      if (alias == type) return stage.get();
    }
  }
  return nullptr;
}

Plan StageCatalog::plan(const Stage& type, const StageView& stage) const {
  Plan plan;
  try {
    plan = type.plan(stage);
  } catch (const std::exception& error) {
    plan = refuse("planning", error.what());
  }
  if (review_ != nullptr) review_->planned(stage, plan);
  return plan;
}

const Stage* StageCatalog::type_of(const model::Stage& stage) const {
  if (const Stage* type = find(stage.type)) return type;
  if (const Stage* type = find(base::string_or(stage.context, "alias", ""))) return type;
  // "deploy_local": the type with its cloud's name, where the cloud has no type of its own.
  const std::string suffix = "_" + base::string_or(stage.context, "providerType", "");
  if (suffix.size() == 1 || !stage.type.ends_with(suffix)) return nullptr;
  return find(std::string_view(stage.type).substr(0, stage.type.size() - suffix.size()));
}

std::vector<const Stage*> StageCatalog::all() const {
  std::vector<const Stage*> sorted;
  for (const auto& stage : stages_) sorted.push_back(stage.get());
  std::sort(sorted.begin(), sorted.end(),
            [](const Stage* a, const Stage* b) { return a->type() < b->type(); });
  return sorted;
}

}  // namespace gennaker::engine
