#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/logging.h"
#include "base/retry.h"
#include "runner/shard.h"

namespace gennaker::runner {

namespace asio = boost::asio;
using model::Status;

namespace {

/// What passes within some seconds must not leave something behind for ever; whoever cancelled waits for it.
constexpr int most_clean_up_tries = 6;
constexpr std::chrono::milliseconds first_clean_up_pause{200};

/// First wait after a failure that is worth another try; doubles up to the last.
constexpr std::chrono::milliseconds first_retry{500}, last_retry{15'000};
/// A task that is still running and did not say when to ask again.
constexpr std::chrono::milliseconds usual_wait{1'000};

std::string key_of(const std::string& stage_id, const std::string& task_id) {
  return stage_id + "/" + task_id;
}

const model::Task* find_task(const model::Stage& stage, const std::string& task_id) {
  const auto found = std::find_if(stage.tasks.begin(), stage.tasks.end(),
                                  [&](const model::Task& t) { return t.id == task_id; });
  return found == stage.tasks.end() ? nullptr : &*found;
}

/// What a task's exception means for its stage.
TaskResult result_of(const std::exception_ptr& failure, const TaskContext& context,
                     std::chrono::milliseconds& patience) {
  try {
    std::rethrow_exception(failure);
  } catch (const base::Error& error) {
    if (!error.worth_retrying()) return failed(context, error.what());
    TaskResult result =
        again({.after = patience, .waiting_for = fmt::format("another try: {}", error.what())});
    patience = std::min(patience * 2, last_retry);
    return result;
  } catch (const std::exception& error) {
    return failed(context, error.what());
  }
}

/// nullopt: another try may help, or it is none of ours.
std::optional<base::Error> lasting(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const base::Error& error) {
    if (!error.worth_retrying()) return error;
  } catch (...) {
    return std::nullopt;
  }
  return std::nullopt;
}

/// Leaves out of a progress report what the stage says already, so that waiting writes nothing.
json::object news(const model::Stage& stage, TaskResult& result, const Again& wish) {
  json::object news;
  if (!wish.waiting_for.empty()) result.context["waitingFor"] = wish.waiting_for;
  for (const auto& member : result.context) {
    const auto* known = stage.context.if_contains(member.key());
    if (known == nullptr || *known != member.value()) news.insert_or_assign(member.key(), member.value());
  }
  return news;
}

}  // namespace

void Runner::Shard::carry_out(const LivePtr& live, const engine::Effect& effect) {
  if (const auto* run = std::get_if<engine::RunTask>(&effect))
    return start_run(live, run->stage_id, run->task_id);
  if (const auto* ask = std::get_if<engine::Ask>(&effect)) {
    asio::co_spawn(executor_, find_answers(live, *ask), asio::detached);
    return;
  }
  const auto& cancel = std::get<engine::CancelTask>(effect);
  cancel_run(live, cancel.stage_id, cancel.task_id);
}

void Runner::Shard::start_run(const LivePtr& live, const std::string& stage_id, const std::string& task_id) {
  RunPtr& slot = live->runs[key_of(stage_id, task_id)];
  if (slot) return poke(slot);  // it runs already: somebody wants it to look again
  slot = std::make_shared<Run>(parts_.clock, executor_);
  const RunPtr run = slot;
  run->stage_id = stage_id;
  run->task_id = task_id;
  // The run, which has the signal, stays until the coroutine that listens to it has gone.
  asio::co_spawn(executor_, run_task(live, run),
                 asio::bind_cancellation_slot(run->cancel.slot(), [run](const std::exception_ptr&) {}));
}

std::optional<TaskContext> Runner::Shard::context_of(const Live& live, const std::string& stage_id,
                                                     const std::string& task_id) {
  const model::Stage* stage = live.execution->find_stage(stage_id);
  const model::Task* task = stage == nullptr ? nullptr : find_task(*stage, task_id);
  if (task == nullptr) return std::nullopt;
  return TaskContext(live.execution, *stage, *task, parts_.clock.now(), parts_.answerer);
}

Async<void> Runner::Shard::run_task(LivePtr live, RunPtr run) {
  run->begun = true;
  if (run->dropped) co_return;
  auto patience = first_retry;
  for (;;) {
    const auto context = context_of(*live, run->stage_id, run->task_id);
    if (!context || context->task().status != Status::running) {
      // Not cancelled: it is this coroutine, and Asio ends the process when one is that never had to wait.
      drop(live, run, Cancellation::no);
      co_return unload_if_at_rest(live);
    }
    Task* task = parts_.tasks.find(context->task().implementation);
    const std::uint64_t asked_at = wake_serial_;
    TaskResult result;
    if (task == nullptr) {
      result = failed(*context,
                      fmt::format("task '{}' is unknown to this server", context->task().implementation));
    } else {
      arm_deadline(live, run, *task, *context);
      std::exception_ptr failure;
      try {
        auto asking = ask(run, *task, *context);
        result = co_await std::move(asking);
        patience = first_retry;
      } catch (...) {
        failure = std::current_exception();
      }
      if (failure && !run->dropped) result = result_of(failure, *context, patience);
    }
    if (run->dropped) co_return;

    engine::TaskReport report{run->stage_id, run->task_id, result.status, {}, std::move(result.outputs)};
    if (run->cancel_when_operation_ends || run->timed_out || result.status == Status::canceled) {
      // What the task or its operation made is kept, so that whoever cleans up knows of it.
      report.status = Status::running;
      report.context = std::move(result.context);
      auto sending = send(live, std::move(report));
      co_await std::move(sending);
      co_return end_with_cleaning(live, run);
    }
    if (result.status != Status::running) {
      report.context = std::move(result.context);
      drop(live, run, Cancellation::no);
      post(live, Letter{std::move(report), {}});
      co_return;
    }
    Again wish = result.again.value_or(Again{.after = usual_wait, .waiting_for = ""});
    lengthen(parts_.back_off, context->stage(), wish);
    report.context = news(context->stage(), result, wish);
    if (result.scheduled_time != context->stage().scheduled_time)
      report.scheduled_time = result.scheduled_time;
    if (!report.context.empty() || !report.outputs.empty() || report.scheduled_time) {
      auto sending = send(live, std::move(report));
      co_await std::move(sending);
    }
    if (run->dropped) co_return;
    if (!woken_since(asked_at, wish.wake_on)) {
      auto waiting = wait_for_next(run, std::move(wish));
      co_await std::move(waiting);
    }
    if (run->dropped) co_return;
  }
}

Async<TaskResult> Runner::Shard::ask(RunPtr run, Task& task, TaskContext context) {
  auto running = task.run(context);
  TaskResult result = co_await std::move(running);
  if (!result.operation || run->dropped) co_return result;
  run->in_operation = true;
  json::object answer;
  std::exception_ptr failure;
  try {
    auto performing = parts_.clouds.perform(std::move(*result.operation));
    answer = co_await std::move(performing);
  } catch (...) {
    failure = std::current_exception();
  }
  run->in_operation = false;
  if (!failure) co_return task.operated(context, answer);
  if (const auto error = lasting(failure)) co_return task.operation_failed(context, *error);
  std::rethrow_exception(failure);
}

Async<void> Runner::Shard::wait_for_next(RunPtr run, Again wish) {
  if (std::exchange(run->asked_again, false)) co_return;
  run->wait->set(wish.after, [weak = std::weak_ptr(run)] {
    if (const RunPtr due = weak.lock()) due->news.cancel();
  });
  if (!wish.wake_on.empty()) {
    auto& waiting = waiting_[wish.wake_on];
    std::erase_if(waiting, [](const std::weak_ptr<Run>& other) { return other.expired(); });
    waiting.push_back(run);
  }
  run->waiting = true;
  auto news = run->news.async_wait(asio::as_tuple(asio::use_awaitable));
  co_await std::move(news);
  run->waiting = false;
  run->wait->cancel();
}

void Runner::Shard::poke(const RunPtr& run) {
  if (run->waiting) {
    run->news.cancel();
  } else {
    run->asked_again = true;
  }
}

bool Runner::Shard::woken_since(std::uint64_t serial, const std::string& word) const {
  if (word.empty()) return false;
  if (wakes_forgotten_at_ > serial) return true;
  const auto last = last_wake_.find(word);
  return last != last_wake_.end() && last->second > serial;
}

void Runner::Shard::wake(const std::string& word) {
  if (last_wake_.size() > 1024) {
    last_wake_.clear();
    wakes_forgotten_at_ = wake_serial_ + 1;
  }
  last_wake_[word] = ++wake_serial_;
  const auto found = waiting_.find(word);
  if (found == waiting_.end()) return;
  const auto runs = std::move(found->second);
  waiting_.erase(found);
  for (const auto& weak : runs) {
    const RunPtr run = weak.lock();
    if (run && run->waiting) poke(run);
  }
}

void Runner::Shard::arm_deadline(const LivePtr& live, const RunPtr& run, Task& task,
                                 const TaskContext& context) {
  const auto deadline =
      engine::deadline(*live->execution, context.stage(), context.task(), task.time_limit(context));
  if (!deadline) return;
  const auto left = std::max(deadline->at - parts_.clock.now(), std::chrono::milliseconds(0));
  // Weak: what a run's own timer holds must not keep the run.
  run->deadline->set(
      left, [this, live = std::weak_ptr(live), run = std::weak_ptr(run), message = deadline->message] {
        const LivePtr execution = live.lock();
        const RunPtr late = run.lock();
        if (execution && late && !late->dropped) on_deadline(execution, late, message);
      });
}

void Runner::Shard::on_deadline(const LivePtr& live, const RunPtr& run, std::string message) {
  engine::TaskTimedOut timed_out{run->stage_id, run->task_id, std::move(message)};
  if (run->in_operation) {
    run->timed_out = std::move(timed_out);
    return;
  }
  drop(live, run);
  asio::co_spawn(executor_, give_up(live, std::move(timed_out)), asio::detached);
}

/// What the task left at work elsewhere is told to end, then the task fails.
Async<void> Runner::Shard::give_up(LivePtr live, engine::TaskTimedOut timed_out) {
  const auto context = context_of(*live, timed_out.stage_id, timed_out.task_id);
  Task* task = context ? parts_.tasks.find(context->task().implementation) : nullptr;
  if (task != nullptr) {
    try {
      auto telling = task->timed_out(*context);
      co_await std::move(telling);
    } catch (const std::exception& error) {
      base::log::warn("execution {}: ending {}, which timed out, failed: {}", live->execution->id,
                      context->task().name, error.what());
    }
  }
  post(live, Letter{std::move(timed_out), {}});
}

void Runner::Shard::end_with_cleaning(const LivePtr& live, const RunPtr& run) {
  if (run->dropped) return;
  drop(live, run, Cancellation::no);
  if (run->timed_out && !run->cancel_when_operation_ends) {
    asio::co_spawn(executor_, give_up(live, std::move(*run->timed_out)), asio::detached);
    return;
  }
  cancel_run(live, run->stage_id, run->task_id);
}

void Runner::Shard::drop(const LivePtr& live, const RunPtr& run, Cancellation cancellation) {
  if (run->dropped) return;
  run->dropped = true;
  run->deadline->cancel();
  run->wait->cancel();
  run->news.cancel();
  const auto found = live->runs.find(key_of(run->stage_id, run->task_id));
  if (found != live->runs.end() && found->second == run) live->runs.erase(found);
  // An operation is let finish: stopping halfway would leave what nobody knows of.
  // One that has not begun sees for itself: Asio ends the process when a coroutine is cancelled before it
  // runs.
  if (cancellation == Cancellation::yes && !run->in_operation && run->begun)
    run->cancel.emit(asio::cancellation_type::terminal);
}

/// Ends the runs of tasks that are over: skipped by hand, restarted, or paused while they waited.
void Runner::Shard::drop_stale_runs(const LivePtr& live) {
  std::vector<RunPtr> stale;
  for (const auto& [key, run] : live->runs) {
    const model::Stage* stage = live->execution->find_stage(run->stage_id);
    const model::Task* task = stage == nullptr ? nullptr : find_task(*stage, run->task_id);
    const bool wanted =
        task != nullptr && (task->status == Status::running ||
                            (task->status == Status::paused && (run->cleans_up || !run->waiting)));
    if (!wanted) stale.push_back(run);
  }
  for (const RunPtr& run : stale) drop(live, run);
}

void Runner::Shard::cancel_run(const LivePtr& live, const std::string& stage_id, const std::string& task_id) {
  RunPtr& slot = live->runs[key_of(stage_id, task_id)];
  if (slot) {
    if (slot->cleans_up) return;
    if (slot->in_operation) {
      slot->cancel_when_operation_ends = true;
      return;
    }
    const RunPtr old = slot;
    drop(live, old);
  }
  RunPtr run = std::make_shared<Run>(parts_.clock, executor_);
  run->stage_id = stage_id;
  run->task_id = task_id;
  run->cleans_up = true;
  live->runs[key_of(stage_id, task_id)] = run;
  asio::co_spawn(executor_, clean_up(live, run), asio::detached);
}

Async<void> Runner::Shard::clean_up(LivePtr live, RunPtr run) {
  engine::TaskReport report{run->stage_id, run->task_id, Status::canceled, {}, {}};
  const auto context = context_of(*live, run->stage_id, run->task_id);
  Task* task = context ? parts_.tasks.find(context->task().implementation) : nullptr;
  std::chrono::milliseconds pause = first_clean_up_pause;
  for (int tries = 1; task != nullptr && !run->dropped; ++tries) {
    std::string failure;
    bool passing = false;
    try {
      auto canceling = task->cancel(*context);
      TaskResult result = co_await std::move(canceling);
      if (result.operation) {
        auto performing = parts_.clouds.perform(std::move(*result.operation));
        co_await std::move(performing);
      }
      report.context = std::move(result.context);
      report.outputs = std::move(result.outputs);
      break;
    } catch (const std::exception& error) {
      failure = error.what();
      passing = base::worth_retrying(error) && tries < most_clean_up_tries;
    }
    base::log::warn("execution {}: cleaning up after {} failed: {}", live->execution->id,
                    context->task().name, failure);
    report.context["cleanUpFailure"] = failure;
    if (!passing) break;
    auto waiting = base::sleep_for(parts_.clock, pause);
    co_await std::move(waiting);
    pause *= 2;
  }
  if (run->dropped) co_return;
  drop(live, run, Cancellation::no);
  post(live, Letter{std::move(report), {}});
}

}  // namespace gennaker::runner
