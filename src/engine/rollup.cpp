#include "engine/rollup.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace gennaker::engine {
namespace {

using model::Execution;
using model::Stage;
using model::Status;

bool requires_stage(const Stage& stage, const Stage& other) {
  return std::find(stage.requisites.begin(), stage.requisites.end(), other.ref_id) != stage.requisites.end();
}

bool halted_upstream(const Execution& execution, const Stage& stage, std::set<std::string_view>& visited) {
  if (!visited.insert(stage.id).second) return false;
  return std::any_of(execution.stages.begin(), execution.stages.end(), [&](const Stage& other) {
    if (!requires_stage(stage, other)) return false;
    if (model::is_halt(other.status)) return true;
    return other.status == Status::not_started && halted_upstream(execution, other, visited);
  });
}

/// A branch that goes on: its failure or success still counts.
bool incomplete(const Execution& execution, const Stage& stage) {
  if (stage.status == Status::running || stage.status == Status::paused) return true;
  return stage.status == Status::not_started && upstream_done(execution, stage);
}

}  // namespace

Status failure_status(const Stage& stage, Status otherwise) {
  if (base::bool_or(stage.context, "continuePipeline", false)) return Status::failed_continue;
  if (base::bool_or(stage.context, "failPipeline", true)) return otherwise;
  return Status::stopped;
}

Status roll_up_stage(const Execution& execution, const Stage& stage, bool planning_failed) {
  std::set<Status> found;
  bool after_stage_waits = false;
  for (const Stage& child : execution.stages) {
    if (child.parent_id != stage.id) continue;
    found.insert(child.status);
    after_stage_waits |= child.owner == model::Owner::after && child.status == Status::not_started;
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

std::optional<Status> roll_up_execution(const Execution& execution) {
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
    going_on |= incomplete(execution, stage);
  }
  if (all_good) return Status::succeeded;
  if (canceled) return Status::canceled;
  if (stopped && !going_on) return fail_at_the_end ? Status::terminal : Status::succeeded;
  return std::nullopt;
}

bool upstream_done(const Execution& execution, const Stage& stage) {
  return std::all_of(execution.stages.begin(), execution.stages.end(), [&](const Stage& other) {
    return !requires_stage(stage, other) || model::lets_downstream_start(other.status);
  });
}

bool upstream_halted(const Execution& execution, const Stage& stage) {
  std::set<std::string_view> visited;
  return halted_upstream(execution, stage, visited);
}

}  // namespace gennaker::engine
