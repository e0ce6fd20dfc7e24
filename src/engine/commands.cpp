#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "base/json.h"
#include "engine/rollup.h"
#include "engine/turn.h"

namespace gennaker::engine {

using model::Status;
using model::Task;

namespace {

/// The stage and all that stands behind it.
std::vector<std::string> with_downstream(const model::Execution& execution, const model::Stage& first) {
  std::set<std::string_view> refs{first.ref_id};
  std::vector<std::string> ids{first.id};
  for (bool grew = true; grew;) {
    grew = false;
    for (const model::Stage& stage : execution.stages) {
      if (stage.synthetic() || refs.contains(stage.ref_id)) continue;
      const bool behind = std::any_of(stage.requisites.begin(), stage.requisites.end(),
                                      [&](const std::string& ref) { return refs.contains(ref); });
      if (!behind) continue;
      refs.insert(stage.ref_id);
      ids.push_back(stage.id);
      grew = true;
    }
  }
  return ids;
}

}  // namespace

void Turn::refuse_command(Refused::Kind kind, std::string message) {
  outcome_.refused = Refused{kind, std::move(message)};
}

void Turn::on(const Cancel& cancel) {
  if (model::is_complete(execution_.status) || execution_.canceled) return;
  if (drop_waiting_restart()) return;
  execution_.canceled = true;
  execution_.canceled_by = cancel.user;
  execution_.cancellation_reason = cancel.reason;
  outcome_.execution_changed = true;
  if (execution_.status == Status::not_started) {
    execution_.status = Status::canceled;
    return;
  }
  if (execution_.status == Status::paused) execution_.status = Status::running;
  cancel_running_tasks();
  push(What::complete_execution);  // ends it at once when nothing is running
}

/// Spinnaker knows these commands for pipelines only.
bool Turn::refuse_for_task(std::string_view done) {
  if (execution_.type == model::ExecutionType::pipeline) return false;
  refuse_command(Refused::Kind::invalid,
                 fmt::format("{} is a task: only a pipeline's execution can be {}", execution_.id, done));
  return true;
}

void Turn::on(const Pause& pause) {
  if (refuse_for_task("paused")) return;
  if (execution_.status != Status::running) {
    return refuse_command(Refused::Kind::conflict,
                          fmt::format("execution {} is {}: only a RUNNING one can be paused", execution_.id,
                                      model::to_string(execution_.status)));
  }
  execution_.status = Status::paused;
  execution_.paused = {
      {"pausedBy", pause.user}, {"pauseTime", base::to_millis(now_)}, {"paused", true}, {"pausedMs", 0}};
  outcome_.execution_changed = true;
  for (model::Stage& stage : execution_.stages) {
    bool pauses = false;
    for (Task& task : stage.tasks) {
      if (task.status != Status::running) continue;
      task.status = Status::paused;
      pauses = true;
    }
    for (model::Stage* up = pauses ? &stage : nullptr; up != nullptr;
         up = execution_.find_stage(up->parent_id)) {
      up->status = Status::paused;
      changed(*up);
    }
  }
}

void Turn::on(const Resume& resume) {
  if (refuse_for_task("resumed")) return;
  if (execution_.status != Status::paused) {
    return refuse_command(Refused::Kind::conflict,
                          fmt::format("execution {} is {}: only a PAUSED one can be resumed", execution_.id,
                                      model::to_string(execution_.status)));
  }
  execution_.status = Status::running;
  const auto paused_at = base::whole_number(execution_.paused, "pauseTime").value_or(base::to_millis(now_));
  execution_.paused["resumedBy"] = resume.user;
  execution_.paused["resumeTime"] = base::to_millis(now_);
  execution_.paused["paused"] = false;
  execution_.paused["pausedMs"] = base::to_millis(now_) - paused_at;
  outcome_.execution_changed = true;
  for (model::Stage& stage : execution_.stages) {
    if (stage.status != Status::paused) continue;
    stage.status = Status::running;
    changed(stage);
    for (Task& task : stage.tasks) {
      if (task.status != Status::paused) continue;
      task.status = Status::running;
      outcome_.effects.push_back(RunTask{stage.id, task.id});
    }
  }
}

void Turn::on(const PatchStage& patch) {
  if (refuse_for_task("changed")) return;
  model::Stage* stage = execution_.find_stage(patch.stage_id);
  if (stage == nullptr) {
    return refuse_command(Refused::Kind::not_found,
                          fmt::format("execution {} has no stage {}", execution_.id, patch.stage_id));
  }
  const bool skips = base::bool_or(patch.patch, "manualSkip", false);
  if (skips && !base::bool_or(stage->context, "canManuallySkip", false)) {
    return refuse_command(Refused::Kind::not_allowed, "Cannot manually skip stage.");
  }
  base::merge_into(stage->context, patch.patch);
  stage->context["lastModifiedBy"] = patch.user;
  const auto* accounts = base::find_array(execution_.authentication, "allowedAccounts");
  stage->last_modified = {{"user", patch.user},
                          {"allowedAccounts", accounts ? *accounts : json::array{}},
                          {"lastModifiedTime", base::to_millis(now_)}};
  changed(*stage);
  if (skips && !model::is_complete(stage->status)) return skip_by_hand(*stage);
  for (const Task& task : stage->tasks) {
    if (task.status == Status::running) outcome_.effects.push_back(RunTask{stage->id, task.id});
  }
}

void Turn::skip_by_hand(model::Stage& stage) {
  model::Stage& top = top_level_of(stage);
  const auto skip_tasks = [&](model::Stage& skipped) {
    forget_questions(skipped);
    for (Task& task : skipped.tasks) {
      if (task.status != Status::running && task.status != Status::paused) continue;
      task.status = Status::skipped;
      task.end_time = now_;
    }
    changed(skipped);
  };
  std::set<std::string> family{top.id};
  for (bool grew = true; grew;) {
    grew = false;
    for (const model::Stage& child : execution_.stages) {
      if (child.synthetic() && family.contains(child.parent_id)) grew |= family.insert(child.id).second;
    }
  }
  for (model::Stage& child : execution_.stages) {
    if (!family.contains(child.id) || child.id == top.id || model::is_complete(child.status)) continue;
    skip_tasks(child);
    child.status = Status::skipped;
    child.end_time = now_;
  }
  skip_tasks(top);
  end_stage(top, Status::skipped);
}

/// The top-level stage to restart; nullptr: the command was refused.
model::Stage* Turn::restartable(const std::string& stage_id) {
  const auto refused = [this](Refused::Kind kind, std::string message) -> model::Stage* {
    refuse_command(kind, std::move(message));
    return nullptr;
  };
  model::Stage* asked = execution_.find_stage(stage_id);
  if (asked == nullptr) {
    return refused(Refused::Kind::not_found,
                   fmt::format("execution {} has no stage {}", execution_.id, stage_id));
  }
  if (execution_.type != model::ExecutionType::pipeline) {
    return refused(Refused::Kind::invalid, "only a pipeline's stages can be restarted");
  }
  if (execution_.status == Status::not_started) {
    return refused(Refused::Kind::conflict,
                   fmt::format("execution {} waits to start: nothing of it can be restarted", execution_.id));
  }
  if (execution_.status == Status::paused) {
    return refused(Refused::Kind::conflict,
                   fmt::format("execution {} is PAUSED: resume it first", execution_.id));
  }
  if (execution_.canceled && !model::is_complete(execution_.status)) {
    return refused(Refused::Kind::conflict,
                   fmt::format("execution {} is being cancelled: wait until it has ended", execution_.id));
  }
  model::Stage& top = top_level_of(*asked);
  if (model::is_complete(top.status) || top.status == Status::not_started) return &top;
  return refused(Refused::Kind::conflict,
                 fmt::format("stage '{}' is {}: only one that has ended can be restarted", top.ref_id,
                             model::to_string(top.status)));
}

void Turn::on(const QueueRestart& queued) {
  if (execution_.status == Status::not_started) {
    return refuse_command(Refused::Kind::conflict,
                          fmt::format("execution {} waits to start already", execution_.id));
  }
  if (!model::is_complete(execution_.status)) return on(queued.restart);
  if (restartable(queued.restart.stage_id) == nullptr) return;
  json::object waiting{{"stageId", queued.restart.stage_id},
                       {"since", base::to_millis(now_)},
                       {"user", queued.restart.user},
                       {"followsChild", queued.restart.follows_child},
                       {"status", model::to_string(execution_.status)},
                       {"canceled", execution_.canceled},
                       {"canceledBy", execution_.canceled_by},
                       {"cancellationReason", execution_.cancellation_reason}};
  if (execution_.end_time) waiting["endTime"] = base::to_millis(*execution_.end_time);
  execution_.extra["waitingRestart"] = std::move(waiting);
  execution_.status = Status::not_started;
  execution_.end_time.reset();
  execution_.canceled = false;
  execution_.canceled_by.clear();
  execution_.cancellation_reason.clear();
  outcome_.execution_changed = true;
}

std::optional<RestartStage> Turn::take_waiting_restart() {
  const auto* waiting = base::find_object(execution_.extra, "waitingRestart");
  if (waiting == nullptr) return std::nullopt;
  RestartStage restart{base::string_or(*waiting, "stageId", ""), base::string_or(*waiting, "user", ""),
                       base::bool_or(*waiting, "followsChild", false)};
  execution_.extra.erase("waitingRestart");
  execution_.status = Status::running;
  return restart;
}

/// It never began: the execution is again what it was.
bool Turn::drop_waiting_restart() {
  const auto* found = base::find_object(execution_.extra, "waitingRestart");
  if (found == nullptr) return false;
  const json::object waiting = *found;
  execution_.extra.erase("waitingRestart");
  execution_.status = model::parse_status(base::string_or(waiting, "status", "")).value_or(Status::terminal);
  if (const auto ended = base::whole_number(waiting, "endTime"))
    execution_.end_time = base::from_millis(*ended);
  execution_.canceled = base::bool_or(waiting, "canceled", false);
  execution_.canceled_by = base::string_or(waiting, "canceledBy", "");
  execution_.cancellation_reason = base::string_or(waiting, "cancellationReason", "");
  outcome_.execution_changed = true;
  return true;
}

void Turn::on(const RestartStage& restart) {
  model::Stage* found = restartable(restart.stage_id);
  if (found == nullptr) return;
  model::Stage& top = *found;
  json::object details{{"restartedBy", restart.user}, {"restartTime", base::to_millis(now_)}};
  const auto* exception = top.context.if_contains("exception");
  details["previousException"] = exception ? *exception : json::value(nullptr);
  const std::string first = top.id;
  if (restart.follows_child) top.context["_skipPipelineRestart"] = true;
  for (const std::string& id : with_downstream(execution_, top)) {
    model::Stage& stage = *execution_.find_stage(id);
    if (id == first || model::is_complete(stage.status)) reset_for_restart(stage);
  }
  execution_.find_stage(first)->context["restartDetails"] = std::move(details);
  execution_.status = Status::running;
  execution_.canceled = false;
  execution_.canceled_by.clear();
  execution_.cancellation_reason.clear();
  execution_.start_time = now_;
  execution_.end_time.reset();
  outcome_.execution_changed = true;
  push(What::start_stage, first);
  // A cancellation may have kept others from beginning, what the restarted one requires among them.
  for (const model::Stage& stage : execution_.stages) {
    if (!stage.synthetic() && stage.status == Status::not_started && upstream_done(index(), stage))
      push(What::start_stage, stage.id);
  }
}

void Turn::reset_for_restart(model::Stage& stage) {
  const std::string id = stage.id;
  remove_synthetics(id, false);
  model::Stage& reset = *execution_.find_stage(id);
  reset.status = Status::not_started;
  reset.start_time.reset();
  reset.end_time.reset();
  reset.scheduled_time.reset();
  reset.tasks.clear();
  forget_questions(reset);
  for (const std::string_view stale : {"exception", "beforeStagePlanningFailed", "waitingFor"})
    reset.context.erase(stale);
  if (const Stage* type = type_of(reset)) type->prepare_restart(reset);
  changed(reset);
}

}  // namespace gennaker::engine
