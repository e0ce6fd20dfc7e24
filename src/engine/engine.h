#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "engine/stage.h"
#include "expressions/expressions.h"
#include "model/execution.h"

/// The pure core: what an execution does next. It knows no clock, thread, socket or database.
namespace gennaker::engine {

using base::TimePoint;

// ---- Events: what can happen to an execution ----

struct Start {};
/// A task's run ended, or told how it stands (status RUNNING).
struct TaskReport {
  std::string stage_id, task_id;
  model::Status status = model::Status::succeeded;
  json::object context, outputs;
  std::optional<TimePoint> scheduled_time = {};  ///< when the stage will go on, if its task knows
};
struct TaskTimedOut {
  std::string stage_id, task_id;
  std::string message;
};
struct Cancel {
  std::string user, reason;
};
struct Pause {
  std::string user;
};
struct Resume {
  std::string user;
};
/// A person's (or script's) change to a stage's context: a judgment, a skipped wait, a manual skip.
struct PatchStage {
  std::string stage_id;
  json::object patch;
  std::string user;
};
struct RestartStage {
  std::string stage_id;
  std::string user;
  /// The stage waits for a child execution that was itself restarted: it follows that one, and starts none.
  bool follows_child = false;
};
/// A restart that may have to wait for other executions: a complete execution becomes NOT_STARTED, and Start
/// carries the restart out; Cancel puts the former ending back. One that runs is restarted at once: nobody
/// has to wait for it.
struct QueueRestart {
  RestartStage restart;
};
/// What Ask asked for, all of it; what has no answer says why.
struct Answered {
  std::string stage_id;
  expressions::Answers answers;
};
using Event = std::variant<Start, TaskReport, TaskTimedOut, Cancel, Pause, Resume, PatchStage, RestartStage,
                           QueueRestart, Answered>;

// ---- Effects: what the runner has to do once the changes are durable ----

struct RunTask {
  std::string stage_id, task_id;
};
/// Stop the task's run, ask its cancel hook, report CANCELED.
struct CancelTask {
  std::string stage_id, task_id;
};
/// The stage waits: its expressions ask what only the world outside can answer. To be followed by Answered.
struct Ask {
  std::string stage_id;
  std::vector<expressions::Question> questions;
};
using Effect = std::variant<RunTask, CancelTask, Ask>;

/// Why a command was not carried out; nothing changed.
struct Refused {
  enum class Kind { conflict, not_found, invalid, not_allowed } kind;
  std::string message;
};

struct Outcome {
  bool execution_changed = false;
  std::vector<std::string> changed_stages;  ///< ids, each once, in the order of the first change
  std::vector<std::string> removed_stages;
  std::vector<Effect> effects;
  std::optional<Refused> refused;
};

/// Carries `event` out on `execution`, in place. Deterministic: the same execution, event and time give the
/// same result, ids of new stages included. An event that no longer applies (a late report) changes nothing.
/// Source: docs/concepts.md, "How a pipeline runs".
Outcome advance(const StageCatalog& catalog, model::Execution& execution, const Event& event, TimePoint now);

/// What is pending, as a function of the stored execution: what the runner takes up after a start.
std::vector<Effect> pending(const model::Execution& execution);

/// Nothing is left to do: complete, and no task is running.
bool at_rest(const model::Execution& execution);

/// When the running task has lasted too long: the stage's `stageTimeoutMs` (its own or the nearest enclosing
/// one's) or the task's own limit, paused time and the stage's execution window not counted; nullopt: never.
struct Deadline {
  TimePoint at;
  std::string message;  ///< for the exception
};
std::optional<Deadline> deadline(const model::Execution& execution, const model::Stage& stage,
                                 const model::Task& task,
                                 std::optional<std::chrono::milliseconds> task_limit);

}  // namespace gennaker::engine
