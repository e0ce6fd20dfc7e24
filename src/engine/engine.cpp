#include "engine/engine.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "engine/advancer.h"
#include "engine/questions.h"
#include "engine/turn.h"

namespace gennaker::engine {

using model::Status;
using model::Task;

namespace {

bool winding_down(const model::Execution& execution) {
  return execution.canceled || model::is_complete(execution.status);
}

/// The stage itself or the nearest that encloses it, of those with a time-out.
const model::Stage* timeout_owner(const model::Execution& execution, const model::Stage& stage) {
  for (const model::Stage* owner = &stage; owner != nullptr; owner = execution.find_stage(owner->parent_id)) {
    if (base::whole_number(owner->context, "stageTimeoutMs")) return owner;
    if (!owner->synthetic()) break;
  }
  return nullptr;
}

/// From when on the stage's time counts: the end of its execution window, else its start. nullopt: not yet.
std::optional<TimePoint> clock_starts(const model::Execution& execution, const model::Stage& owner) {
  for (const model::Stage& child : execution.stages) {
    if (child.parent_id != owner.id || child.type != execution_window_type) continue;
    return child.end_time;
  }
  return owner.start_time;
}

/// How long the execution has been paused since `from`. Only the last pause is known.
std::chrono::milliseconds paused_since(const model::Execution& execution, TimePoint from) {
  const auto began = base::whole_number(execution.paused, "pauseTime");
  const auto lasted = base::whole_number(execution.paused, "pausedMs");
  if (!began || !lasted || *began < base::to_millis(from)) return {};
  return std::chrono::milliseconds(*lasted);
}

std::string in_words(std::chrono::milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (seconds < 1) return fmt::format("{} ms", time.count());
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} h", seconds / 3600);
}

}  // namespace

Outcome advance(const StageCatalog& catalog, model::Execution& execution, const Event& event, TimePoint now) {
  return Advancer(catalog, execution).advance(event, now);
}

Outcome Advancer::advance(const Event& event, TimePoint now) {
  Turn turn(catalog_, execution_, now);
  turn.use(std::exchange(index_, std::nullopt));
  std::visit([&](const auto& happened) { turn.on(happened); }, event);
  Outcome outcome = turn.finish();
  index_ = turn.take_index();
  return outcome;
}

std::vector<Effect> pending(const model::Execution& execution) {
  std::vector<Effect> effects;
  for (const model::Stage& stage : execution.stages) {
    const auto open = winding_down(execution) ? std::nullopt : open_questions(stage);
    if (open) effects.push_back(Ask{stage.id, open->questions});
    for (const Task& task : stage.tasks) {
      const bool in_flight = task.status == Status::running || task.status == Status::paused;
      if (in_flight && winding_down(execution)) {
        effects.push_back(CancelTask{stage.id, task.id});
      } else if (task.status == Status::running) {
        effects.push_back(RunTask{stage.id, task.id});
      }
    }
  }
  return effects;
}

bool at_rest(const model::Execution& execution) {
  return model::is_complete(execution.status) && pending(execution).empty();
}

std::optional<Deadline> deadline(const model::Execution& execution, const model::Stage& stage,
                                 const Task& task, std::optional<std::chrono::milliseconds> task_limit) {
  if (stage.type == execution_window_type) return std::nullopt;  // whoever opens it is not in a hurry
  const model::Stage* owner = timeout_owner(execution, stage);
  if (const auto from = owner == nullptr ? std::nullopt : clock_starts(execution, *owner)) {
    const auto limit = base::bounded_millis(*base::whole_number(owner->context, "stageTimeoutMs"));
    return Deadline{*from + limit + paused_since(execution, *from),
                    fmt::format("Stage {} timed out after {}", owner->name, in_words(limit))};
  }
  if (!task_limit || !task.start_time) return std::nullopt;
  return Deadline{
      *task.start_time + *task_limit + paused_since(execution, *task.start_time),
      fmt::format("{} of stage {} timed out after {}", task.name, stage.name, in_words(*task_limit))};
}

}  // namespace gennaker::engine
