#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "engine/rollup.h"
#include "engine/turn.h"
#include "expressions/expressions.h"

namespace gennaker::engine {

using model::Status;
using model::Task;

namespace {

bool in_flight(const Task& task) {
  return task.status == Status::running || task.status == Status::paused;
}

Task* find_task(model::Stage& stage, std::string_view id) {
  const auto found =
      std::find_if(stage.tasks.begin(), stage.tasks.end(), [&](const Task& t) { return t.id == id; });
  return found == stage.tasks.end() ? nullptr : &*found;
}

/// The fields that the stage's type evaluates itself.
json::object take_out(json::object& document, const Stage* type) {
  json::object taken;
  if (type == nullptr) return taken;
  for (const std::string_view field : type->own_expressions()) {
    const auto found = document.find(field);
    if (found == document.end()) continue;
    taken.emplace(field, std::move(found->value()));
    document.erase(found);
  }
  return taken;
}

/// What a task may end with; REDIRECT only where there is a loop to begin anew.
bool ends_a_task(const model::Stage& stage, Status status) {
  if (status != Status::redirect) return model::is_complete(status);
  return std::any_of(stage.tasks.begin(), stage.tasks.end(),
                     [](const Task& task) { return task.loop_start; });
}

json::object timeout_exception(const Task& task, std::string_view message, TimePoint now) {
  return {{"timestamp", base::to_millis(now)},
          {"exceptionType", "TimeoutException"},
          {"operation", task.name},
          {"shouldRetry", false},
          {"details", json::object{{"error", "Unexpected Task Failure"}, {"errors", json::array{message}}}}};
}

}  // namespace

void Turn::start_next_task(model::Stage& stage) {
  const auto next = std::find_if(stage.tasks.begin(), stage.tasks.end(),
                                 [](const Task& task) { return task.status == Status::not_started; });
  if (next == stage.tasks.end()) return push(What::complete_stage, stage.id);
  changed(stage);
  if (winding_down()) {
    next->status = Status::canceled;  // never ran: there is nothing to clean up
    next->start_time = now_;
    next->end_time = now_;
    return push(What::complete_stage, stage.id);
  }
  if (!evaluate_context(stage, Before::task)) return;
  next->start_time = now_;
  if (execution_.status == Status::paused) {
    next->status = Status::paused;
    stage.status = Status::paused;
    return;
  }
  next->status = Status::running;
  outcome_.effects.push_back(RunTask{stage.id, next->id});
}

/// What is drawn at random differs from stage to stage and from time to time, and is the same when this turn
/// is repeated.
expressions::Options Turn::options_for(const model::Stage& stage) const {
  std::uint64_t seed = 0xcbf29ce484222325;
  for (const char c : stage.id) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  expressions::Options options{.now = now_, .seed = seed ^ static_cast<std::uint64_t>(base::to_millis(now_))};
  if (answered_ != nullptr && answered_->stage_id == stage.id) options.answers = &answered_->answers;
  return options;
}

bool Turn::evaluate_context(model::Stage& stage, Before before) {
  if (!expressions::has_expression(stage.context)) return true;
  const auto* earlier = base::find_object(stage.context, "expressionEvaluationSummary");
  const bool had_summary = earlier != nullptr;
  json::object summary;
  json::object document = stage.context;
  document.erase("expressionEvaluationSummary");
  const json::object untouched = take_out(document, type_of(stage));
  // What the stage's tasks found in such fields stays known; else only what fails still does.
  if (!untouched.empty() && had_summary) summary = *earlier;
  auto evaluation =
      expressions::evaluate(document, expressions::of_stage(execution_, stage), options_for(stage));
  if (waits_for_answers(stage, before, std::move(evaluation.open))) return false;
  stage.context = std::move(evaluation.document);
  base::merge_into(stage.context, untouched);
  base::merge_into(summary, evaluation.summary);
  if (!summary.empty() || had_summary) stage.context["expressionEvaluationSummary"] = std::move(summary);
  return true;
}

void Turn::on(const TaskReport& report) {
  model::Stage* stage = find(report.stage_id);
  Task* task = stage == nullptr ? nullptr : find_task(*stage, report.task_id);
  if (task == nullptr || !in_flight(*task)) return;  // late: the stage was skipped, restarted or has ended
  if (report.status != Status::running) stage->context.erase("waitingFor");
  merge_report(*stage, *task, report.context, report.outputs);
  if (report.scheduled_time) stage->scheduled_time = report.scheduled_time;
  switch (report.status) {
    case Status::running:
      return;
    case Status::terminal:
      return end_task(*stage, *task, failure_status(*stage), Status::terminal);
    case Status::canceled:
      // A cancelled execution ends CANCELED whatever the stage's options; a task's own "canceled" is a
      // failure.
      if (winding_down()) return end_task(*stage, *task, Status::canceled, Status::canceled);
      return end_task(*stage, *task, failure_status(*stage, Status::canceled), Status::canceled);
    default:
      if (ends_a_task(*stage, report.status)) return end_task(*stage, *task, report.status, report.status);
      set_exception(
          *stage, task->name,
          fmt::format("task {} ended {}, which is no ending", task->name, model::to_string(report.status)));
      return end_task(*stage, *task, failure_status(*stage), Status::terminal);
  }
}

void Turn::merge_report(model::Stage& stage, Task& task, const json::object& context,
                        const json::object& outputs) {
  base::merge_into(stage.context, context);
  for (const auto& member : outputs) {
    if (member.key() == "stageTimeoutMs") continue;  // would become the time-out of all downstream
    stage.outputs.insert_or_assign(member.key(), member.value());
  }
  if (const auto* exception = context.if_contains("exception"))
    task.exception_details = {{"exception", *exception}};
  changed(stage);
}

void Turn::on(const TaskTimedOut& timed_out) {
  model::Stage* stage = find(timed_out.stage_id);
  Task* task = stage == nullptr ? nullptr : find_task(*stage, timed_out.task_id);
  if (task == nullptr || task->status != Status::running) return;
  const std::string waited_for = base::string_or(stage->context, "waitingFor", "");
  stage->context.erase("waitingFor");
  if (base::bool_or(stage->context, "markSuccessfulOnTimeout", false)) {
    return end_task(*stage, *task, Status::succeeded, Status::succeeded);
  }
  std::string message = timed_out.message;
  if (!waited_for.empty()) message += "; it waited for " + waited_for;
  merge_report(*stage, *task, {{"exception", timeout_exception(*task, message, now_)}}, {});
  end_task(*stage, *task, failure_status(*stage), Status::terminal);
}

void Turn::end_task(model::Stage& stage, Task& task, Status status, Status original) {
  changed(stage);
  if (stage.status == Status::paused) stage.status = Status::running;
  if (status == Status::redirect) return repeat_loop(stage);
  task.status = status;
  task.end_time = now_;
  const bool last = &task == &stage.tasks.back();
  if (last || (model::is_halt(status) && original != Status::failed_continue)) {
    return push(What::complete_stage, stage.id);
  }
  start_next_task(stage);
}

void Turn::repeat_loop(model::Stage& stage) {
  const auto first =
      std::find_if(stage.tasks.begin(), stage.tasks.end(), [](const Task& t) { return t.loop_start; });
  auto last =
      std::find_if(stage.tasks.rbegin(), stage.tasks.rend(), [](const Task& t) { return t.loop_end; }).base();
  for (auto task = first; task < last; ++task) {
    task->status = Status::not_started;
    task->end_time.reset();
  }
  start_next_task(stage);
}

void Turn::cancel_running_tasks() {
  for (model::Stage& stage : execution_.stages) {
    const bool asks = open_questions(stage).has_value();
    if (asks) forget_questions(stage);
    if (asks && stage.status != Status::not_started) end_stage(stage, Status::canceled);
    for (const Task& task : stage.tasks) {
      if (in_flight(task)) outcome_.effects.push_back(CancelTask{stage.id, task.id});
    }
  }
}

}  // namespace gennaker::engine
