#include "testing/stage_world.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "testing/run_async.h"

namespace gennaker::testing {
namespace {

using model::Status;
using runner::TaskContext;
using runner::TaskResult;

/// More events than any test needs: something goes round in circles.
constexpr int too_many_turns = 20'000;

Async<json::array> rules_of(bool guarded) {
  if (!guarded) co_return json::array{};
  co_return json::array{json::object{{"account", "*"}, {"location", "*"}, {"stack", "*"}, {"detail", "*"}}};
}

}  // namespace

StageWorld::StageWorld(std::uint64_t seed)
    : guards_(clouds_, [this](std::string) { return rules_of(guarded_); }), locks_(store_, clock_, random_) {
  auto cloud = std::make_unique<clusters::SimulatedCloud>(clock_, seed);
  cloud_ = cloud.get();
  clouds_.add(std::move(cloud));
  run_async(io_, clouds_.start());
}

StageWorld::~StageWorld() {
  run_async(io_, clouds_.stop());
  io_.poll();
}

Status StageWorld::run(model::Execution execution) {
  run_until(std::move(execution), [](const model::Execution& now) { return engine::at_rest(now); });
  return execution_->status;
}

void StageWorld::run_until(model::Execution execution,
                           const std::function<bool(const model::Execution&)>& until) {
  execution.status = Status::not_started;
  execution.build_time = clock_.now();
  *execution_ = std::move(execution);
  effects_.clear();
  waiting_.clear();
  send(engine::Start{});
  loop(until);
}

Status StageWorld::resume() {
  loop([](const model::Execution& now) { return engine::at_rest(now); });
  return execution_->status;
}

Status StageWorld::cancel() {
  send(engine::Cancel{"somebody", "changed their mind"});
  loop([](const model::Execution& now) { return engine::at_rest(now); });
  return execution_->status;
}

void StageWorld::send(const engine::Event& event) {
  auto outcome = engine::advance(stages_, *execution_, event, clock_.now());
  for (auto& effect : outcome.effects) effects_.push_back(std::move(effect));
}

void StageWorld::loop(const std::function<bool(const model::Execution&)>& until) {
  for (int turn = 0; turn < too_many_turns; ++turn) {
    if (until(*execution_)) return;
    if (!effects_.empty()) {
      const engine::Effect effect = std::move(effects_.front());
      effects_.pop_front();
      carry_out(effect);
      continue;
    }
    if (waiting_.empty()) return;
    const auto next = std::min_element(waiting_.begin(), waiting_.end(),
                                       [](const Waiting& a, const Waiting& b) { return a.due < b.due; });
    const Waiting woken = *next;
    waiting_.erase(next);
    if (woken.due > clock_.now()) clock_.advance(woken.due - clock_.now());
    cloud_->tick();
    io_.restart();
    io_.poll();
    effects_.push_back(engine::RunTask{woken.stage_id, woken.task_id});
  }
  ADD_FAILURE() << "the execution never comes to rest";
}

void StageWorld::carry_out(const engine::Effect& effect) {
  if (const auto* run = std::get_if<engine::RunTask>(&effect)) return ask(*run);
  if (const auto* asked = std::get_if<engine::Ask>(&effect)) return find_answers(*asked);
  clean_up(std::get<engine::CancelTask>(effect));
}

std::optional<TaskContext> StageWorld::context_of(const std::string& stage_id, const std::string& task_id) {
  const model::Stage* stage = execution_->find_stage(stage_id);
  if (stage == nullptr) return std::nullopt;
  for (const model::Task& task : stage->tasks) {
    if (task.id == task_id) return TaskContext(execution_, *stage, task, clock_.now(), &answers_);
  }
  return std::nullopt;
}

void StageWorld::find_answers(const engine::Ask& ask) {
  expressions::Answers answers = run_async(io_, runner::answers_to(&answers_, ask.questions));
  send(engine::Answered{ask.stage_id, std::move(answers)});
}

TaskResult StageWorld::perform(runner::Task& task, const TaskContext& context, model::Operation operation) {
  try {
    const json::object answer = run_async(io_, clouds_.perform(std::move(operation)));
    return task.operated(context, answer);
  } catch (const base::Error& error) {
    if (error.worth_retrying()) throw;
    return task.operation_failed(context, error);
  }
}

TaskResult StageWorld::attempt(runner::Task& task, const TaskContext& context) {
  try {
    TaskResult result = run_async(io_, task.run(context));
    if (!result.operation) return result;
    return perform(task, context, std::move(*result.operation));
  } catch (const base::Error& error) {
    if (!error.worth_retrying()) return runner::failed(context, error.what());
    return runner::again({.after = std::chrono::milliseconds(500), .waiting_for = error.what()});
  }
}

void StageWorld::ask(const engine::RunTask& run) {
  const auto context = context_of(run.stage_id, run.task_id);
  if (!context || context->task().status != Status::running) return;
  runner::Task* task = tasks_.find(context->task().implementation);
  if (task == nullptr) {
    ADD_FAILURE() << "no task is named " << context->task().implementation;
    return send(engine::TaskReport{run.stage_id, run.task_id, Status::terminal, {}, {}});
  }
  const auto deadline =
      engine::deadline(*execution_, context->stage(), context->task(), task->time_limit(*context));
  if (deadline && deadline->at <= clock_.now()) {
    run_async(io_, task->timed_out(*context));
    return send(engine::TaskTimedOut{run.stage_id, run.task_id, deadline->message});
  }
  TaskResult result = attempt(*task, *context);
  if (result.status == Status::canceled) {
    send(engine::TaskReport{run.stage_id, run.task_id, Status::running, std::move(result.context),
                            std::move(result.outputs)});
    return clean_up({run.stage_id, run.task_id});
  }
  const auto again = result.again;
  send(engine::TaskReport{run.stage_id, run.task_id, result.status, std::move(result.context),
                          std::move(result.outputs), result.scheduled_time});
  if (result.status != Status::running) return;
  const auto after = again ? again->after : std::chrono::milliseconds(1000);
  waiting_.push_back({run.stage_id, run.task_id, clock_.now() + after});
}

/// What passes is tried again, as the runner does.
void StageWorld::clean_up(runner::Task& task, const TaskContext& context, engine::TaskReport& report) {
  for (int tries = 0; tries < 20; ++tries) {
    try {
      TaskResult result = run_async(io_, task.cancel(context));
      if (result.operation) run_async(io_, clouds_.perform(std::move(*result.operation)));
      report.context = std::move(result.context);
      report.outputs = std::move(result.outputs);
      return;
    } catch (const base::Error& error) {
      report.context["cleanUpFailure"] = error.what();
      if (!error.worth_retrying()) return;
    }
  }
}

void StageWorld::clean_up(const engine::CancelTask& cancel) {
  const auto context = context_of(cancel.stage_id, cancel.task_id);
  runner::Task* task = context ? tasks_.find(context->task().implementation) : nullptr;
  engine::TaskReport report{cancel.stage_id, cancel.task_id, Status::canceled, {}, {}};
  if (task != nullptr) {
    clean_up(*task, *context, report);
  }
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.stage_id == cancel.stage_id; });
  send(std::move(report));
}

const model::Stage& StageWorld::stage(std::string_view type) const {
  for (const model::Stage& stage : execution_->stages) {
    if (stage.type == type) return stage;
  }
  ADD_FAILURE() << "there is no stage of type " << type;
  static const model::Stage none;
  return none;
}

std::vector<std::string> StageWorld::stage_types() const {
  std::vector<std::string> types;
  for (const model::Stage& stage : execution_->stages) types.push_back(stage.type);
  return types;
}

std::string StageWorld::error_of(const model::Stage& stage) {
  const auto* exception = base::find_object(stage.context, "exception");
  const auto* details = exception ? base::find_object(*exception, "details") : nullptr;
  const auto* errors = details ? base::find_array(*details, "errors") : nullptr;
  return errors != nullptr && !errors->empty() ? base::plain_text(errors->front()) : "";
}

std::string StageWorld::error() const {
  for (const model::Stage& stage : execution_->stages) {
    if (const std::string error = error_of(stage); !error.empty()) return error;
  }
  return "";
}

std::vector<std::string> StageWorld::server_groups() {
  std::vector<std::string> groups;
  for (const model::ServerGroup& group : cloud_->now().server_groups) {
    groups.push_back(group.name + (group.disabled ? " (disabled)" : ""));
  }
  std::sort(groups.begin(), groups.end());
  return groups;
}

}  // namespace gennaker::testing
