#include "engine/turn.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "engine/rollup.h"
#include "expressions/expressions.h"

namespace gennaker::engine {

using model::Owner;
using model::Status;

namespace {

bool is_dry_run(const model::Execution& execution) {
  return base::bool_or(execution.trigger, "dryRun", false);
}

}  // namespace

Outcome Turn::finish() {
  while (!steps_.empty()) {
    const Step step = std::move(steps_.front());
    steps_.pop_front();
    carry_out(step);
  }
  return std::move(outcome_);
}

void Turn::carry_out(const Step& step) {
  if (step.what == What::complete_execution) return complete_execution();
  model::Stage* stage = find(step.stage_id);
  if (stage == nullptr) return;  // deleted meanwhile, with its parent's failure
  switch (step.what) {
    case What::start_stage:
      return start_stage(*stage);
    case What::complete_stage:
      return complete_stage(*stage);
    case What::continue_after_before:
      return continue_parent(*stage, Owner::before);
    case What::continue_after_after:
      return continue_parent(*stage, Owner::after);
    case What::complete_execution:
      return;
  }
}

void Turn::on(const Start&) {
  if (execution_.status != Status::not_started || execution_.canceled) return;
  if (const auto restart = take_waiting_restart()) return on(*restart);
  if (execution_.start_time_expiry && *execution_.start_time_expiry < now_) {
    return on(Cancel{"spinnaker", "Could not begin execution before start time expiry"});
  }
  outcome_.execution_changed = true;
  const bool anything_to_start =
      std::any_of(execution_.stages.begin(), execution_.stages.end(),
                  [](const model::Stage& stage) { return stage.requisites.empty(); });
  if (!anything_to_start) {
    execution_.status = Status::terminal;
    return;
  }
  execution_.status = Status::running;
  execution_.start_time = now_;
  for (const model::Stage& stage : execution_.stages) {
    if (!stage.synthetic() && stage.requisites.empty()) push(What::start_stage, stage.id);
  }
}

void Turn::start_stage(model::Stage& stage) {
  if (upstream_halted(index(), stage)) return push(What::complete_execution);
  if (!upstream_done(index(), stage)) return;  // the last of them will send another
  // It may have ended before what it requires, which was restarted while it ran: then nobody else ends the
  // execution.
  if (!stage.synthetic() && model::is_complete(stage.status)) return push(What::complete_execution);
  if (stage.status != Status::not_started) return;
  if (winding_down()) {
    // Whoever brought it along must not wait for it.
    if (stage.synthetic()) return push(What::complete_stage, stage.parent_id);
    return push(What::complete_execution);
  }
  if (open_questions(stage)) return;  // the answers will send another
  const auto enabled = is_enabled(stage);
  if (!enabled) return;
  if (!*enabled) return skip_stage(stage);
  if (stage.start_time_expiry && *stage.start_time_expiry < now_) return skip_stage(stage);
  stage.start_time = now_;
  stage.status = Status::running;
  if (const Stage* type = type_of(stage)) type->begin(stage);
  changed(stage);
  if (evaluate_context(stage, Before::planning)) plan_and_run(stage);
}

std::optional<bool> Turn::is_enabled(model::Stage& stage) {
  if (execution_.type != model::ExecutionType::pipeline) return true;
  const auto* option = base::find_object(stage.context, "stageEnabled");
  if (option == nullptr || base::string_or(*option, "type", "") != "expression") return true;
  const std::string expression = base::string_or(*option, "expression", "");
  if (expression.find_first_not_of(" \t\n") == std::string::npos) return true;
  const auto subject = expressions::of_stage(execution_, stage);
  auto result = expressions::evaluate_text("${" + expression + "}", subject, options_for(stage));
  if (waits_for_answers(stage, Before::start, std::move(result.open))) return std::nullopt;
  std::string text = base::plain_text(result.value);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  // What is not an answer skips, as the compatible behaviour has it.
  return catalog_.enabled(StageView(execution_, stage, now_), expression, text == "true");
}

void Turn::plan_and_run(model::Stage& stage) {
  const Stage* type = type_of(stage);
  if (type == nullptr) return fail_planning(stage, fmt::format("stage type '{}' is unknown", stage.type));

  const StageView view(execution_, stage, now_);
  Plan plan = catalog_.plan(*type, view);
  if (plan.refused) {
    return fail_planning(stage, fmt::format("stage '{}' ({}): {}: {}", stage.ref_id, stage.type,
                                            plan.refused->field, plan.refused->reason));
  }
  if (is_dry_run(execution_) && !plan.tasks.empty() && !type->runs_dry(view)) {
    plan.tasks = {{.name = std::string(dry_run_task), .implementation = std::string(dry_run_task)}};
  }
  if (type->can_be_skipped(view)) stage.context["canManuallySkip"] = true;
  stage.tasks.clear();
  for (PlannedTask& planned : plan.tasks) {
    model::Task task;
    task.id = std::to_string(stage.tasks.size() + 1);
    task.name = std::move(planned.name);
    task.implementation = std::move(planned.implementation);
    task.loop_start = planned.loop_start;
    task.loop_end = planned.loop_end;
    stage.tasks.push_back(std::move(task));
  }
  if (base::bool_or(stage.context, "restrictExecutionDuringTimeWindow", false))
    put_window_first(stage, plan.before);
  if (plan.before.empty()) return start_next_task(stage);
  const std::string id = stage.id;  // adding stages moves `stage`
  add_synthetics(stage, Owner::before, std::move(plan.before));
  start_root_synthetics(id, Owner::before);
}

void Turn::set_exception(model::Stage& stage, std::string_view operation, std::string_view message) {
  stage.context["exception"] =
      json::object{{"timestamp", base::to_millis(now_)},
                   {"exceptionType", "PlanningFailure"},
                   {"operation", operation},
                   {"shouldRetry", false},
                   {"details", json::object{{"error", message}, {"errors", json::array{message}}}}};
}

void Turn::fail_planning(model::Stage& stage, std::string_view message) {
  set_exception(stage, stage.name, message);
  stage.context["beforeStagePlanningFailed"] = true;
  changed(stage);
  push(What::complete_stage, stage.id);
}

void Turn::skip_stage(model::Stage& stage) {
  stage.start_time = now_;
  end_stage(stage, Status::skipped);
}

void Turn::complete_stage(model::Stage& stage) {
  if (stage.status != Status::running && stage.status != Status::not_started &&
      stage.status != Status::paused)
    return;
  const bool planning_failed = stage.context.contains("beforeStagePlanningFailed");
  Status status = roll_up_stage(index(), stage, planning_failed);
  const auto* summary = base::find_object(stage.context, "expressionEvaluationSummary");
  if (summary != nullptr && !summary->empty() &&
      base::bool_or(stage.context, "failOnFailedExpressions", false)) {
    status = Status::terminal;
  }
  if (status == Status::running && !winding_down()) return;  // an after-stage is on its way
  if (status == Status::running || (winding_down() && !planning_failed && cut_short(index(), stage)))
    status = Status::canceled;

  if (!winding_down()) {
    const bool failed = status == Status::terminal || status == Status::stopped;
    if (failed && add_failure_stages(stage)) return;
    if (!model::is_halt(status) && add_after_stages(stage)) return;
  }
  note_failures(stage, status);
  const Stage* type = type_of(stage);
  if (type != nullptr && !model::is_halt(status)) type->finish(stage);
  end_stage(stage, status == Status::not_started ? Status::skipped : status);
}

/// What a person has to know is in one place, `exception.details.errors`: expressions that failed, and the
/// tasks behind a failure that was ignored.
void Turn::note_failures(model::Stage& stage, Status status) {
  json::array errors;
  if (const auto* summary = base::find_object(stage.context, "expressionEvaluationSummary")) {
    for (const auto& expression : *summary) {
      const auto* findings = expression.value().if_array();  // a user may have written anything here
      for (std::size_t i = 0; findings != nullptr && i < findings->size(); ++i) {
        const auto* finding = (*findings)[i].if_object();
        const auto* description = finding == nullptr ? nullptr : finding->if_contains("description");
        if (description != nullptr) errors.push_back(*description);
      }
    }
  }
  for (const model::Task& task : stage.tasks) {
    if (status != Status::failed_continue || task.exception_details.empty()) continue;
    const auto* exception = base::find_object(task.exception_details, "exception");
    const auto* details = exception == nullptr ? nullptr : base::find_object(*exception, "details");
    if (details == nullptr) continue;
    errors.push_back(json::value(task.name + ":"));
    if (const auto* error = details->if_contains("error")) errors.push_back(*error);
    if (const auto* list = base::find_array(*details, "errors")) {
      for (const json::value& one : *list) errors.push_back(one);
    }
  }
  if (errors.empty()) return;
  json::value& exception = stage.context["exception"];
  if (!exception.is_object()) exception = json::object{};
  json::value& details = exception.as_object()["details"];
  if (!details.is_object()) details = json::object{};
  json::value& known = details.as_object()["errors"];
  if (!known.is_array()) known = json::array{};
  json::array& list = known.as_array();
  for (const json::value& error : errors) {
    if (std::find(list.begin(), list.end(), error) == list.end()) list.push_back(error);
  }
}

void Turn::end_stage(model::Stage& stage, Status status) {
  forget_questions(stage);
  stage.status = status;
  stage.end_time = now_;
  changed(stage);
  if (model::is_halt(status)) {
    stage.synthetic() ? push(What::complete_stage, stage.parent_id) : push(What::complete_execution);
    return;
  }
  const bool ends_parent = stage.synthetic() && status == Status::failed_continue &&
                           !base::bool_or(stage.context, "allowSiblingStagesToContinueOnFailure", false);
  if (ends_parent) return push(What::complete_stage, stage.parent_id);
  start_what_follows(stage);
}

void Turn::start_what_follows(model::Stage& stage) {
  const auto& followers = index().followers_of(stage.ref_id);
  for (const model::Stage* follower : followers) push(What::start_stage, follower->id);
  if (!followers.empty()) return;
  if (!stage.synthetic()) return push(What::complete_execution);
  push(*stage.owner == Owner::before ? What::continue_after_before : What::continue_after_after,
       stage.parent_id);
}

void Turn::continue_parent(model::Stage& parent, Owner phase) {
  if (model::is_complete(parent.status)) return;
  const auto& children = index().children_of(parent.id);
  const bool done = std::all_of(children.begin(), children.end(), [&](const model::Stage* child) {
    if (child->owner != phase) return true;
    return phase == Owner::before ? model::lets_downstream_start(child->status)
                                  : model::is_complete(child->status);
  });
  if (!done) return;
  if (phase == Owner::after) return push(What::complete_stage, parent.id);
  if (parent.tasks.empty() || parent.tasks.front().status == Status::not_started) start_next_task(parent);
}

void Turn::complete_execution() {
  if (model::is_complete(execution_.status)) return;
  if (const auto status = roll_up_execution(execution_, index())) return end_execution(*status);
  const bool anything_running =
      std::any_of(execution_.stages.begin(), execution_.stages.end(), [](const model::Stage& stage) {
        return !stage.synthetic() && (stage.status == Status::running || stage.status == Status::paused);
      });
  if (execution_.canceled && !anything_running) end_execution(Status::canceled);
}

void Turn::end_execution(Status status) {
  execution_.status = status;
  if (execution_.start_time) execution_.end_time = now_;
  outcome_.execution_changed = true;
  cancel_running_tasks();
}

void Turn::changed(const model::Stage& stage) {
  if (noted_.insert(stage.id).second) outcome_.changed_stages.push_back(stage.id);
}

const Stage* Turn::type_of(const model::Stage& stage) const {
  return catalog_.type_of(stage);
}

const model::StageIndex& Turn::index() {
  if (!index_) index_.emplace(execution_);
  return *index_;
}

bool Turn::has_child(const std::string& parent_id, Owner owner) {
  const auto& children = index().children_of(parent_id);
  return std::any_of(children.begin(), children.end(),
                     [&](const model::Stage* child) { return child->owner == owner; });
}

}  // namespace gennaker::engine
