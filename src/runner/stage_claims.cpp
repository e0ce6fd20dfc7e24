#include "runner/stage_claims.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "runner/runner.h"

namespace gennaker::runner {
namespace {

/// Pipelines that start pipelines: further up nobody looks.
constexpr int most_parents = 20;

/// Who is first and does not take the name by then may be paused, or its server gone: the next one may.
/// Longer than who waits needs to look again.
constexpr std::chrono::seconds turn(10), between_looks(2);

/// Whether one of `stage_id` and the stages around it is `wanted`.
bool is_within(const model::Execution& execution, const std::string& stage_id, const std::string& wanted) {
  const model::Stage* stage = execution.find_stage(stage_id);
  while (stage != nullptr && stage->id != wanted) stage = execution.find_stage(stage->parent_id);
  return stage != nullptr;
}

/// A task of a stage that was cancelled may be cleaning up behind its end.
bool has_running_task(const model::Execution& execution, const model::Stage& of) {
  return std::any_of(execution.stages.begin(), execution.stages.end(), [&](const model::Stage& stage) {
    return std::any_of(stage.tasks.begin(), stage.tasks.end(),
                       [](const model::Task& task) { return task.status == model::Status::running; }) &&
           is_within(execution, stage.id, of.id);
  });
}

/// A stage that was restarted, and has not begun again, holds nothing.
bool is_at_work(const model::Execution& execution, const model::Stage& stage, base::TimePoint since) {
  if (!stage.start_time || base::to_millis(*stage.start_time) != base::to_millis(since)) return false;
  const bool runs = !model::is_complete(stage.status) && !model::is_complete(execution.status);
  return (runs && stage.status != model::Status::not_started) || has_running_task(execution, stage);
}

std::string description_of(const model::Execution& execution, const model::Stage& stage) {
  const std::string what = execution.pipeline_config_id.empty() && execution.name.empty()
                               ? "an ad-hoc task"
                               : fmt::format("pipeline '{}'", execution.name);
  return fmt::format("stage '{}' of {}, execution {}", stage.name, what, execution.id);
}

}  // namespace

Claimant claimant_of(const TaskContext& context) {
  const model::Execution& execution = context.execution();
  const model::Stage* stage = execution.find_stage(context.stage().id);
  if (stage == nullptr) stage = &context.stage();
  Claimant claimant{.execution_id = execution.id,
                    .stage_id = stage->id,
                    .since = stage->start_time.value_or(context.now()),
                    .parent_execution_id = base::string_or(execution.trigger, "parentExecutionId", ""),
                    .parent_stage_id = base::string_or(execution.trigger, "parentPipelineStageId", "")};
  for (; stage != nullptr; stage = execution.find_stage(stage->parent_id)) {
    claimant.within.push_back(stage->id);
  }
  return claimant;
}

Again ask_again(const ClaimHolder& holder, std::string waiting_for) {
  return {.after = between_looks,
          .waiting_for = std::move(waiting_for),
          .wake_on = execution_word(holder.execution_id)};
}

Async<StageClaims::Look> StageClaims::look_at(std::optional<StageRun> run) const {
  if (!run) co_return Look{};
  auto reading = executions_.execution(run->execution_id);
  const std::optional<model::Execution> execution = co_await std::move(reading);
  const model::Stage* stage = execution ? execution->find_stage(run->stage_id) : nullptr;
  if (stage == nullptr) co_return Look{.holder = {}, .ended = run->since};
  if (!is_at_work(*execution, *stage, run->since)) {
    co_return Look{.holder = {}, .ended = stage->end_time.value_or(run->since)};
  }
  ClaimHolder holder{.execution_id = std::move(run->execution_id),
                     .stage_id = std::move(run->stage_id),
                     .since = run->since,
                     .description = description_of(*execution, *stage)};
  co_return Look{.holder = std::move(holder), .ended = {}};
}

Async<std::optional<ClaimHolder>> StageClaims::holder_of(std::string word) const {
  auto looking = look_at(ClaimQueue::parse(word).holder);
  Look look = co_await std::move(looking);
  co_return std::move(look.holder);
}

/// A pipeline that a stage of another one waits for may do what that stage may.
Async<bool> StageClaims::acts_for(ClaimHolder holder, Claimant claimant) const {
  if (holder.execution_id == claimant.execution_id) {
    co_return std::find(claimant.within.begin(), claimant.within.end(), holder.stage_id) !=
        claimant.within.end();
  }
  std::string execution_id = claimant.parent_execution_id, stage_id = claimant.parent_stage_id;
  for (int i = 0; i < most_parents && !execution_id.empty(); ++i) {
    auto reading = executions_.execution(execution_id);
    const std::optional<model::Execution> parent = co_await std::move(reading);
    if (!parent) co_return false;
    if (parent->id == holder.execution_id) co_return is_within(*parent, stage_id, holder.stage_id);
    execution_id = base::string_or(parent->trigger, "parentExecutionId", "");
    stage_id = base::string_or(parent->trigger, "parentPipelineStageId", "");
  }
  co_return false;
}

/// Who came before and is at work still.
Async<std::optional<ClaimHolder>> StageClaims::first_before(ClaimQueue queue, StageRun mine) const {
  for (std::size_t i = 0; i < queue.waiting.size() && !queue.waiting[i].same_stage(mine); ++i) {
    auto looking = look_at(queue.waiting[i]);
    Look look = co_await std::move(looking);
    if (!look.holder) continue;
    look.holder->has_it = false;
    co_return std::move(look.holder);
  }
  co_return std::nullopt;
}

/// False: it has changed meanwhile.
Async<bool> StageClaims::replace(std::string name, std::string present, ClaimQueue queue) const {
  store::Changes changes;
  std::string goes_with = queue.holder ? queue.holder->execution_id : "";
  changes.claims.push_back({std::move(name), std::move(present), queue.text(), std::move(goes_with)});
  try {
    auto committing = claims_.commit(std::move(changes));
    co_await std::move(committing);
    co_return true;
  } catch (const store::ClaimTaken&) {
    co_return false;
  }
}

Async<std::optional<ClaimHolder>> StageClaims::acquire(std::string name, Claimant claimant) const {
  const StageRun mine{claimant.execution_id, claimant.stage_id, claimant.since};
  for (;;) {
    auto asking = claims_.holder(name);
    std::string present = co_await std::move(asking);
    ClaimQueue queue = ClaimQueue::parse(present);
    if (queue.holder == mine) co_return std::nullopt;
    auto looking = look_at(queue.holder);
    Look look = co_await std::move(looking);
    if (look.holder) {
      auto relating = acts_for(*look.holder, claimant);
      if (co_await std::move(relating)) co_return std::nullopt;
    } else if (clock_.now() - look.ended < turn) {
      auto searching = first_before(queue, mine);
      look.holder = co_await std::move(searching);
    }
    if (look.holder && queue.is_waiting(mine)) co_return std::move(look.holder);
    if (look.holder) {
      queue.wait(mine);
    } else {
      queue.take(mine);
    }
    auto replacing = replace(name, std::move(present), std::move(queue));
    if (co_await std::move(replacing)) co_return std::move(look.holder);
    // Somebody else was quicker: look again.
  }
}

}  // namespace gennaker::runner
