#include "engine/rollup.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"

namespace gennaker::engine {
namespace {

using model::Execution;
using model::Stage;
using model::Status;

/// A branch that goes on: its failure or success still counts.
bool incomplete(const model::StageIndex& index, const Stage& stage) {
  if (stage.status == Status::running || stage.status == Status::paused) return true;
  return stage.status == Status::not_started && upstream_done(index, stage);
}

}  // namespace

Status failure_status(const Stage& stage, Status otherwise) {
  if (base::bool_or(stage.context, "continuePipeline", false)) return Status::failed_continue;
  if (base::bool_or(stage.context, "failPipeline", true)) return otherwise;
  return Status::stopped;
}

Status roll_up_stage(const model::StageIndex& index, const Stage& stage, bool planning_failed) {
  std::set<Status> found;
  bool after_stage_waits = false;
  for (const Stage* child : index.children_of(stage.id)) {
    found.insert(child->status);
    after_stage_waits |= child->owner == model::Owner::after && child->status == Status::not_started;
  }
  for (const model::Task& task : stage.tasks) found.insert(task.status);
  if (planning_failed) found.insert(failure_status(stage));

  if (found.empty()) return Status::not_started;
  if (found.contains(Status::terminal)) return failure_status(stage);
  for (const Status status : {Status::stopped, Status::canceled, Status::failed_continue}) {
    if (found.contains(status)) return status;
  }
  const bool all_good = std::all_of(found.begin(), found.end(), [](Status status) {
    return status == Status::succeeded || status == Status::skipped;
  });
  if (all_good) return Status::succeeded;
  if (after_stage_waits) return Status::running;
  return Status::terminal;
}

bool cut_short(const model::StageIndex& index, const Stage& stage) {
  const auto& children = index.children_of(stage.id);
  const auto failed = [](const auto& part) { return model::is_failure(part.status); };
  return std::any_of(children.begin(), children.end(),
                     [](const Stage* child) { return child->status == Status::not_started; }) &&
         std::none_of(children.begin(), children.end(), [&](const Stage* child) { return failed(*child); }) &&
         std::none_of(stage.tasks.begin(), stage.tasks.end(), failed);
}

std::optional<Status> roll_up_execution(const Execution& execution, const model::StageIndex& index) {
  bool all_good = true, stopped = false, going_on = false, fail_at_the_end = false, canceled = false;
  for (const Stage& stage : execution.stages) {
    if (stage.status == Status::stopped) {
      fail_at_the_end |= base::bool_or(stage.context, "completeOtherBranchesThenFail", false);
    }
    if (stage.synthetic()) continue;
    if (stage.status == Status::terminal) return Status::terminal;
    canceled |= stage.status == Status::canceled;
    stopped |= stage.status == Status::stopped;
    all_good &= model::lets_downstream_start(stage.status);
    going_on = going_on || incomplete(index, stage);
  }
  if (all_good) return Status::succeeded;
  if (canceled) return Status::canceled;
  if (stopped && !going_on) return fail_at_the_end ? Status::terminal : Status::succeeded;
  return std::nullopt;
}

bool upstream_done(const model::StageIndex& index, const Stage& stage) {
  const auto& requisites = index.requisites_of(stage);
  return std::all_of(requisites.begin(), requisites.end(),
                     [](const Stage* required) { return model::lets_downstream_start(required->status); });
}

bool upstream_halted(const model::StageIndex& index, const Stage& stage) {
  std::set<const Stage*> seen{&stage};
  std::vector<const Stage*> left{&stage};
  while (!left.empty()) {
    const Stage* next = left.back();
    left.pop_back();
    for (const Stage* required : index.requisites_of(*next)) {
      if (model::is_halt(required->status)) return true;
      if (required->status == Status::not_started && seen.insert(required).second) left.push_back(required);
    }
  }
  return false;
}

}  // namespace gennaker::engine
