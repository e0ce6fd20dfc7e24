#include <algorithm>
#include <fmt/format.h>

#include "base/ids.h"
#include "base/json.h"
#include "engine/turn.h"

namespace gennaker::engine {

using model::Owner;
using model::Status;

namespace {

int last_ordinal(const model::Execution& execution, const std::string& parent_id, Owner owner) {
  int last = 0;
  for (const model::Stage& child : execution.stages) {
    if (child.parent_id == parent_id && child.owner == owner) last = std::max(last, child.ordinal);
  }
  return last;
}

}  // namespace

bool Turn::add_after_stages(model::Stage& stage) {
  if (has_child(stage.id, Owner::after)) return false;
  const Stage* type = type_of(stage);
  if (type == nullptr) return false;
  std::vector<SyntheticStage> specs;
  try {
    specs = type->after(StageView(execution_, stage, now_));
  } catch (const std::exception& error) {
    // Whatever the stage's options: what it has done so far is done, and what should follow is not known.
    set_exception(stage, stage.name + ":ConstructAfterStages", error.what());
    end_stage(stage, Status::terminal);
    return true;
  }
  if (specs.empty()) return false;
  const std::string id = stage.id;
  add_synthetics(stage, Owner::after, std::move(specs));
  start_root_synthetics(id, Owner::after);
  return true;
}

bool Turn::add_failure_stages(model::Stage& stage) {
  const Stage* type = type_of(stage);
  if (type == nullptr) return false;
  std::vector<SyntheticStage> specs;
  try {
    specs = in_sequence(type->on_failure(StageView(execution_, stage, now_)));
  } catch (const std::exception&) {
    return false;  // the failure that brought us here is what is told
  }
  if (specs.empty()) return false;
  // Once only: when one of them has run already, it is its failure that brought us here, or its success that
  // ends.
  const bool ran_already =
      std::any_of(execution_.stages.begin(), execution_.stages.end(), [&](const model::Stage& child) {
        return child.parent_id == stage.id && child.owner == Owner::after &&
               model::is_complete(child.status) &&
               std::any_of(specs.begin(), specs.end(),
                           [&](const SyntheticStage& s) { return s.name == child.name; });
      });
  if (ran_already) return false;
  const std::string id = stage.id;
  remove_synthetics(id, true);
  model::Stage& parent = *execution_.find_stage(id);
  const int before = last_ordinal(execution_, id, Owner::after);
  add_synthetics(parent, Owner::after, std::move(specs));
  push(What::start_stage,
       execution_.find_by_ref(fmt::format("{}>{}", execution_.find_stage(id)->ref_id, before + 1))->id);
  return true;
}

/// All that has nothing before it waits for the window.
void Turn::put_window_first(const model::Stage& stage, std::vector<SyntheticStage>& before) {
  for (SyntheticStage& spec : before) {
    for (std::size_t& position : spec.requires_positions) ++position;
    if (spec.requires_positions.empty()) spec.requires_positions = {0};
  }
  SyntheticStage window{
      .type = std::string(execution_window_type), .name = std::string(execution_window_type), .context = {}};
  if (const auto* hours = stage.context.if_contains("restrictedExecutionWindow"))
    window.context["restrictedExecutionWindow"] = *hours;
  before.insert(before.begin(), std::move(window));
}

void Turn::add_synthetics(model::Stage& parent, Owner owner, std::vector<SyntheticStage> specs) {
  const std::string parent_id = parent.id, parent_ref = parent.ref_id;
  const char mark = owner == Owner::before ? '<' : '>';
  const std::int64_t started = parent.start_time ? base::to_millis(*parent.start_time) : 0;
  const int first = last_ordinal(execution_, parent_id, owner) + 1;
  changed(parent);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    SyntheticStage& spec = specs[i];
    model::Stage child;
    child.ordinal = first + static_cast<int>(i);
    child.ref_id = fmt::format("{}{}{}", parent_ref, mark, child.ordinal);
    // The parent's start tells a restart's children from those of the run before.
    child.id = base::derived_ulid(
        execution_.build_time,
        fmt::format("{}/{}/{}{}/{}", execution_.id, parent_id, mark, child.ordinal, started));
    child.type = std::move(spec.type);
    child.name = spec.name.empty() ? child.type : std::move(spec.name);
    child.context = std::move(spec.context);
    // Only the parent waits for an execution window.
    child.context.erase("restrictExecutionDuringTimeWindow");
    if (child.type != execution_window_type) child.context.erase("restrictedExecutionWindow");
    child.owner = owner;
    child.parent_id = parent_id;
    for (const std::size_t position : spec.requires_positions) {
      child.requisites.push_back(fmt::format("{}{}{}", parent_ref, mark, first + static_cast<int>(position)));
    }
    // It may take the place, and so the id, of one that never began and was removed in this turn.
    std::erase(outcome_.removed_stages, child.id);
    changed(child);
    execution_.stages.push_back(std::move(child));
  }
  model::sort_for_display(execution_.stages);
  index_.reset();
}

void Turn::start_root_synthetics(const std::string& parent_id, Owner owner) {
  for (const model::Stage& child : execution_.stages) {
    const bool root = child.parent_id == parent_id && child.owner == owner && child.requisites.empty();
    if (root && child.status == Status::not_started) push(What::start_stage, child.id);
  }
}

void Turn::remove_synthetics(const std::string& parent_id, bool only_not_started) {
  std::vector<std::string> doomed;
  for (const model::Stage& child : execution_.stages) {
    if (child.parent_id != parent_id) continue;
    if (only_not_started && child.status != Status::not_started) continue;
    doomed.push_back(child.id);
  }
  for (const std::string& id : doomed) {
    remove_synthetics(id, false);
    const std::string ref_id = execution_.find_stage(id)->ref_id;
    std::erase_if(execution_.stages, [&](const model::Stage& stage) { return stage.id == id; });
    index_.reset();
    for (model::Stage& stage : execution_.stages) std::erase(stage.requisites, ref_id);
    if (noted_.erase(id) > 0) std::erase(outcome_.changed_stages, id);
    outcome_.removed_stages.push_back(id);
  }
}

}  // namespace gennaker::engine
