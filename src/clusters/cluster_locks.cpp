#include "clusters/cluster_locks.h"

#include <algorithm>
#include <charconv>
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

/// "execution/stage/start": another one after a restart of the stage.
std::string word_of(const Claimant& claimant) {
  return fmt::format("{}/{}/{}", claimant.execution_id, claimant.stage_id, base::to_millis(claimant.since));
}

std::optional<LockHolder> parse_word(const Place& place, const std::string& word) {
  const auto first = word.find('/'), second = word.rfind('/');
  if (first == std::string::npos || second == first) return std::nullopt;
  std::int64_t since = 0;
  const char* end = word.data() + word.size();
  if (std::from_chars(word.data() + second + 1, end, since).ptr != end) return std::nullopt;
  return LockHolder{.place = place,
                    .execution_id = word.substr(0, first),
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

std::string to_text(const Place& place) {
  return fmt::format("{} in {}/{}", place.cluster, place.account, place.region);
}

/// nullopt: nobody holds it any more.
Async<std::optional<LockHolder>> ClusterLocks::holder_of(Place place, std::string word) const {
  std::optional<LockHolder> holder = parse_word(place, word);
  if (!holder) co_return std::nullopt;
  auto reading = store_.execution(holder->execution_id);
  const std::optional<model::Execution> execution = co_await std::move(reading);
  if (!execution) co_return std::nullopt;
  const model::Stage* stage = execution->find_stage(holder->stage_id);
  if (stage == nullptr || !is_at_work(*execution, *stage, holder->since)) co_return std::nullopt;
  holder->description = description_of(*execution, *stage);
  co_return holder;
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

Async<std::optional<LockHolder>> ClusterLocks::acquire(Place place, Claimant claimant) const {
  const std::string name = claim_name(place), mine = word_of(claimant);
  for (;;) {
    auto asking = store_.holder(name);
    const std::string present = co_await std::move(asking);
    if (present == mine) co_return std::nullopt;
    if (!present.empty()) {
      auto looking = holder_of(place, present);
      const std::optional<LockHolder> holder = co_await std::move(looking);
      if (holder) {
        auto relating = acts_for(*holder, claimant);
        if (co_await std::move(relating)) co_return std::nullopt;
        co_return holder;
      }
    }
    store::Changes changes;
    changes.claims.push_back({name, present, mine, claimant.execution_id});
    try {
      auto committing = store_.commit(std::move(changes));
      co_await std::move(committing);
      co_return std::nullopt;
    } catch (const store::ClaimTaken&) {
      // Somebody else was quicker: see who.
    }
  }
}

Async<std::vector<LockHolder>> ClusterLocks::held() const {
  auto reading = store_.claims(prefix);
  const std::vector<store::Claim> claims = co_await std::move(reading);
  std::vector<LockHolder> holders;
  for (const store::Claim& claim : claims) {
    auto looking = holder_of(place_of(claim.name), claim.holder);
    std::optional<LockHolder> holder = co_await std::move(looking);
    if (holder) holders.push_back(std::move(*holder));
  }
  co_return holders;
}

Async<LockHolder> ClusterLocks::take_away(Place place, std::string user, std::string reason) const {
  const std::string name = claim_name(place);
  for (;;) {
    auto asking = store_.holder(name);
    const std::string present = co_await std::move(asking);
    auto looking = holder_of(place, present);
    const std::optional<LockHolder> holder = co_await std::move(looking);
    if (!holder) {
      throw base::Error(base::Kind::not_found, fmt::format("nobody holds the lock of {}", to_text(place)));
    }
    store::Changes changes;
    changes.claims.push_back(
        {name, present, "nobody " + base::new_ulid(clock_.now(), random_), holder->execution_id});
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
