#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/error.h"
#include "model/execution.h"
#include "model/operation.h"
#include "runner/answerer.h"

/// What a task may see and answer.
namespace gennaker::runner {

/// A task's view of its execution. The stage is a copy taken when the run began; the execution is the live
/// one and may move on while the task waits. Threads: the execution's shard.
class TaskContext {
 public:
  TaskContext(std::shared_ptr<const model::Execution> execution, model::Stage stage, model::Task task,
              base::TimePoint now, Answerer* answerer = nullptr)
      : execution_(std::move(execution)),
        stage_(std::make_shared<const model::Stage>(std::move(stage))),
        task_(std::move(task)),
        now_(now),
        answerer_(answerer) {}

  const model::Execution& execution() const { return *execution_; }
  const model::Stage& stage() const { return *stage_; }
  const model::Task& task() const { return task_; }
  base::TimePoint now() const { return now_; }
  /// For expressions that the task evaluates itself: see evaluate_answered.
  Answerer* answerer() const { return answerer_; }

  /// Own context first, then the outputs of the ancestors, nearest first; nullptr if nowhere.
  const json::value* value(std::string_view key) const;
  std::string text(std::string_view key, std::string_view fallback = "") const;
  /// Throws base::Error `invalid`, naming the stage and the field.
  std::string required_text(std::string_view key) const;

  /// The idempotency key of an operation of this task: the same for every attempt, also after a crash, and
  /// new after a restart of the stage by a user.
  std::string key(std::string_view step) const;
  /// The user in whose name the stage runs.
  std::string user() const;

 private:
  std::shared_ptr<const model::Execution> execution_;
  std::shared_ptr<const model::Stage> stage_;  // contexts are copied often, stages can be large
  model::Task task_;
  base::TimePoint now_;
  Answerer* answerer_;
};

/// A running task's wish to be asked again.
struct Again {
  std::chrono::milliseconds after;  ///< at the latest
  std::string waiting_for;          ///< for people: "2 of 3 instances healthy"; kept in context `waitingFor`
  /// Asked earlier when somebody calls Runner::wake with this word ("inventory/local", "execution/01H...").
  std::string wake_on = {};
};

struct TaskResult {
  model::Status status = model::Status::succeeded;
  json::object context = {};  ///< merged into the stage's context, key by key
  json::object outputs = {};  ///< merged into its outputs
  std::optional<Again> again = {};
  std::optional<model::Operation> operation = {};
  /// With RUNNING: when it will go on; the stage's `scheduledTime`.
  std::optional<base::TimePoint> scheduled_time = {};
};

TaskResult succeeded(json::object context = {}, json::object outputs = {});
/// TERMINAL, with `message` as the stage's exception.
TaskResult failed(const TaskContext& context, std::string_view message);
/// RUNNING until then.
TaskResult again(Again wish, json::object context = {});
/// The runner carries it out and then asks Task::operated.
TaskResult operate(model::Operation operation);

/// Stands for a value that a plan cannot know: "⟨body of stage 'Call'⟩". Texts made from it hold it, so that
/// what depends on it is seen.
std::string unknown(std::string_view what, const TaskContext& context);
inline constexpr std::string_view unknown_begin = "\u27e8", unknown_end = "\u27e9";
bool has_unknown(const json::value& value);

/// One per kind of work, stateless. A base::Error thrown by any function: worth retrying → asked again with
/// back-off until the task's time-out; else the stage fails with its message.
class Task {
 public:
  virtual ~Task() = default;
  /// Takes the context by value: the coroutine may outlive the caller.
  virtual Async<TaskResult> run(TaskContext context) = 0;
  /// The answer of the operation that `run` asked for.
  virtual TaskResult operated(const TaskContext&, const json::object& answer) {
    return succeeded({}, answer);
  }
  /// The operation that `run` asked for has failed for good: what the stage says of it.
  virtual TaskResult operation_failed(const TaskContext& context, const base::Error& error) {
    return failed(context, error.what());
  }
  /// Asked when the execution was cancelled while this task ran, and when the task itself ended CANCELED; may
  /// be asked again after a crash. Its answer's context and outputs are kept, and its operation is carried
  /// out.
  virtual Async<TaskResult> cancel(TaskContext) { co_return TaskResult{}; }
  /// Asked before the task fails because its time was up; may be asked again after a crash. A failure of it
  /// is logged.
  virtual Async<void> timed_out(TaskContext) { co_return; }
  /// For a task that only the world outside could answer (a person, a URL): what a plan assumes in place of
  /// its run, with unknown() for what nobody can know before. nullopt: it runs in a plan as it is, in virtual
  /// time and on a simulated cloud.
  virtual std::optional<TaskResult> assumed(const TaskContext&) const { return std::nullopt; }
  /// Longest time in RUNNING; nullopt: no limit of its own. A stage's stageTimeoutMs replaces it.
  virtual std::optional<std::chrono::milliseconds> time_limit(const TaskContext&) const {
    return std::nullopt;
  }
};

/// The tasks that this server knows, by name. Filled once at start.
class TaskCatalog {
 public:
  void add(std::string name, std::unique_ptr<Task> task);
  /// nullptr if unknown.
  Task* find(std::string_view name) const;
  /// Puts something around every task, for rehearsals.
  void replace_each(const std::function<std::unique_ptr<Task>(std::unique_ptr<Task>)>& around);

 private:
  std::map<std::string, std::unique_ptr<Task>, std::less<>> tasks_;
};

/// Who carries operations out: all clouds together (clusters/clouds.h), or a test's answers.
class Operator {
 public:
  virtual ~Operator() = default;
  /// Idempotent for `operation.key`. Callable from any executor; resumes on the caller's.
  /// Throws base::Error: `not_found` (account, server group, image), `invalid`, `conflict`, `unavailable`,
  /// `timeout`.
  virtual Async<json::object> perform(model::Operation operation) = 0;
};

}  // namespace gennaker::runner
