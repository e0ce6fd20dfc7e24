#include "runner/stage_claims.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/json.h"

namespace gennaker::runner {
namespace {

/// Pipelines that start pipelines: further up nobody looks.
constexpr int most_parents = 20;

/// "execution/stage/start": another one after a restart of the stage.
std::string word_of(const Claimant& claimant) {
  return fmt::format("{}/{}/{}", claimant.execution_id, claimant.stage_id, base::to_millis(claimant.since));
}

std::optional<ClaimHolder> parse_word(const std::string& word) {
  const auto first = word.find('/'), second = word.rfind('/');
  if (first == std::string::npos || second == first) return std::nullopt;
  std::int64_t since = 0;
  const char* end = word.data() + word.size();
  if (std::from_chars(word.data() + second + 1, end, since).ptr != end) return std::nullopt;
  return ClaimHolder{.execution_id = word.substr(0, first),
                     .stage_id = word.substr(first + 1, second - first - 1),
                     .since = base::from_millis(since),
                     .description = ""};
}

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

Async<std::optional<ClaimHolder>> StageClaims::holder_of(std::string word) const {
  std::optional<ClaimHolder> holder = parse_word(word);
  if (!holder) co_return std::nullopt;
  auto reading = executions_.execution(holder->execution_id);
  const std::optional<model::Execution> execution = co_await std::move(reading);
  if (!execution) co_return std::nullopt;
  const model::Stage* stage = execution->find_stage(holder->stage_id);
  if (stage == nullptr || !is_at_work(*execution, *stage, holder->since)) co_return std::nullopt;
  holder->description = description_of(*execution, *stage);
  co_return holder;
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

Async<std::optional<ClaimHolder>> StageClaims::acquire(std::string name, Claimant claimant) const {
  const std::string mine = word_of(claimant);
  for (;;) {
    auto asking = claims_.holder(name);
    const std::string present = co_await std::move(asking);
    if (present == mine) co_return std::nullopt;
    if (!present.empty()) {
      auto looking = holder_of(present);
      const std::optional<ClaimHolder> holder = co_await std::move(looking);
      if (holder) {
        auto relating = acts_for(*holder, claimant);
        if (co_await std::move(relating)) co_return std::nullopt;
        co_return holder;
      }
    }
    store::Changes changes;
    changes.claims.push_back({name, present, mine, claimant.execution_id});
    try {
      auto committing = claims_.commit(std::move(changes));
      co_await std::move(committing);
      co_return std::nullopt;
    } catch (const store::ClaimTaken&) {
      // Somebody else was quicker: see who.
    }
  }
}

}  // namespace gennaker::runner
