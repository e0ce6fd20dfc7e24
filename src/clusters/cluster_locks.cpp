#include "clusters/cluster_locks.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/logging.h"
#include "base/text.h"
#include "clusters/naming.h"

namespace gennaker::clusters {
namespace {

const std::string prefix = "lock/";
/// Pipelines that start pipelines: further up nobody looks.
constexpr int most_parents = 20;
/// Who is first and does not take the lock by then may be paused, or its server gone: the next one may.
/// Longer than who waits needs to look again.
constexpr std::chrono::seconds turn(10);

/// Names of clusters have no slash, and neither have those of accounts and regions.
std::string claim_name(const Place& place) {
  return fmt::format("{}{}/{}/{}", prefix, base::lower_case(place.account), base::lower_case(place.region),
                     base::lower_case(place.cluster));
}

Place place_of(const std::string& name) {
  const auto first = name.find('/', prefix.size());
  const auto second = name.find('/', first + 1);
  return {name.substr(prefix.size(), first - prefix.size()), name.substr(first + 1, second - first - 1),
          name.substr(second + 1)};
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

std::string to_text(const Place& place) {
  return fmt::format("{} in {}/{}", place.cluster, place.account, place.region);
}

Async<ClusterLocks::Look> ClusterLocks::look_at(Place place, std::optional<StageRun> run) const {
  if (!run) co_return Look{};
  auto reading = store_.execution(run->execution_id);
  const std::optional<model::Execution> execution = co_await std::move(reading);
  const model::Stage* stage = execution ? execution->find_stage(run->stage_id) : nullptr;
  if (stage == nullptr) co_return Look{.holder = {}, .ended = run->since};
  if (!is_at_work(*execution, *stage, run->since)) {
    co_return Look{.holder = {}, .ended = stage->end_time.value_or(run->since)};
  }
  LockHolder holder{.place = std::move(place),
                    .execution_id = std::move(run->execution_id),
                    .stage_id = std::move(run->stage_id),
                    .since = run->since,
                    .description = description_of(*execution, *stage),
                    .waiting = {}};
  co_return Look{.holder = std::move(holder), .ended = {}};
}

/// A pipeline that a stage of another one waits for may do what that stage may.
Async<bool> ClusterLocks::acts_for(LockHolder holder, Claimant claimant) const {
  if (holder.execution_id == claimant.execution_id) {
    co_return std::find(claimant.within.begin(), claimant.within.end(), holder.stage_id) !=
        claimant.within.end();
  }
  std::string execution_id = claimant.parent_execution_id, stage_id = claimant.parent_stage_id;
  for (int i = 0; i < most_parents && !execution_id.empty(); ++i) {
    auto reading = store_.execution(execution_id);
    const std::optional<model::Execution> parent = co_await std::move(reading);
    if (!parent) co_return false;
    if (parent->id == holder.execution_id) co_return is_within(*parent, stage_id, holder.stage_id);
    execution_id = base::string_or(parent->trigger, "parentExecutionId", "");
    stage_id = base::string_or(parent->trigger, "parentPipelineStageId", "");
  }
  co_return false;
}

/// Who came before and is at work still; a lock that has been free for longer than a turn is anybody's.
Async<std::optional<LockHolder>> ClusterLocks::first_before(Place place, LockQueue queue,
                                                            StageRun mine) const {
  for (std::size_t i = 0; i < queue.waiting.size() && !queue.waiting[i].same_stage(mine); ++i) {
    auto looking = look_at(place, queue.waiting[i]);
    Look look = co_await std::move(looking);
    if (!look.holder) continue;
    look.holder->has_it = false;
    co_return std::move(look.holder);
  }
  co_return std::nullopt;
}

/// False: it has changed meanwhile.
Async<bool> ClusterLocks::replace(Place place, std::string present, LockQueue queue) const {
  store::Changes changes;
  std::string goes_with = queue.holder ? queue.holder->execution_id : "";
  changes.claims.push_back({claim_name(place), std::move(present), queue.text(), std::move(goes_with)});
  try {
    auto committing = store_.commit(std::move(changes));
    co_await std::move(committing);
    co_return true;
  } catch (const store::ClaimTaken&) {
    co_return false;
  }
}

Async<std::optional<LockHolder>> ClusterLocks::acquire(Place place, Claimant claimant) const {
  const StageRun mine{claimant.execution_id, claimant.stage_id, claimant.since};
  for (;;) {
    auto asking = store_.holder(claim_name(place));
    std::string present = co_await std::move(asking);
    LockQueue queue = LockQueue::parse(present);
    if (queue.holder == mine) co_return std::nullopt;
    auto looking = look_at(place, queue.holder);
    Look look = co_await std::move(looking);
    if (look.holder) {
      auto relating = acts_for(*look.holder, claimant);
      if (co_await std::move(relating)) co_return std::nullopt;
    } else if (clock_.now() - look.ended < turn) {
      auto searching = first_before(place, queue, mine);
      look.holder = co_await std::move(searching);
    }
    if (look.holder && queue.is_waiting(mine)) co_return std::move(look.holder);
    if (look.holder) {
      queue.wait(mine);
    } else {
      queue.take(mine);
    }
    auto replacing = replace(place, std::move(present), std::move(queue));
    if (co_await std::move(replacing)) co_return std::move(look.holder);
    // Somebody else was quicker: look again.
  }
}

Async<std::vector<LockHolder>> ClusterLocks::held() const {
  auto reading = store_.claims(prefix);
  const std::vector<store::Claim> claims = co_await std::move(reading);
  std::vector<LockHolder> holders;
  store::Changes left;
  for (const store::Claim& claim : claims) {
    LockQueue queue = LockQueue::parse(claim.holder);
    auto looking = look_at(place_of(claim.name), queue.holder);
    Look look = co_await std::move(looking);
    if (look.holder) {
      look.holder->waiting = std::move(queue.waiting);
      holders.push_back(std::move(*look.holder));
    } else if (queue.waiting.empty()) {
      left.claims.push_back({claim.name, claim.holder, "", ""});
    }
  }
  if (left.claims.empty()) co_return holders;
  try {
    auto committing = store_.commit(std::move(left));
    co_await std::move(committing);
  } catch (const store::ClaimTaken&) {
    // One of them has been taken meanwhile: another time.
  }
  co_return holders;
}

Async<LockHolder> ClusterLocks::take_away(Place place, std::string user, std::string reason) const {
  const std::string name = claim_name(place);
  for (;;) {
    auto asking = store_.holder(name);
    const std::string present = co_await std::move(asking);
    LockQueue queue = LockQueue::parse(present);
    auto looking = look_at(place, queue.holder);
    const Look look = co_await std::move(looking);
    const std::optional<LockHolder>& holder = look.holder;
    if (!holder) {
      throw base::Error(base::Kind::not_found, fmt::format("nobody holds the lock of {}", to_text(place)));
    }
    queue.holder = {"nobody", base::new_ulid(clock_.now(), random_), clock_.now()};
    store::Changes changes;
    changes.claims.push_back({name, present, queue.text(), holder->execution_id});
    changes.documents.push_back({.kind = "clusterLock",
                                 .id = name.substr(prefix.size()),
                                 .scope = parse_name(place.cluster).app,
                                 .updated_at = clock_.now(),
                                 .updated_by = user,
                                 .body = {{"takenFrom", holder->description},
                                          {"executionId", holder->execution_id},
                                          {"stageId", holder->stage_id},
                                          {"reason", reason}}});
    try {
      auto committing = store_.commit(std::move(changes));
      co_await std::move(committing);
      base::log::warn("{} took the lock of {} from {}: {}", user, to_text(place), holder->description,
                      reason);
      co_return *holder;
    } catch (const store::ClaimTaken&) {
      // It has changed hands meanwhile.
    }
  }
}

}  // namespace gennaker::clusters
