#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "clusters/lock_queue.h"
#include "model/execution.h"
#include "store/store.h"

/// Keeps those that change one cluster apart, also those on other servers. Source:
/// docs/decisions/0019-cluster-locks.md
namespace gennaker::clusters {

using base::Async;

/// One cluster of one account and region.
struct Place {
  std::string account, region, cluster;
};
/// "shop-main in prod/eu-west".
std::string to_text(const Place& place);

/// On whose behalf something is changed.
struct Claimant {
  std::string execution_id;
  std::string stage_id;             ///< holds the lock until it has ended
  base::TimePoint since;            ///< its start: a stage that was restarted has to ask again
  std::vector<std::string> within;  ///< ids of the stages around it: a lock of theirs is as good
  std::string parent_execution_id, parent_stage_id;  ///< of the execution; empty: it has no parent
};

/// Who has a lock, or, where nobody has it, whose turn it is.
struct LockHolder {
  Place place;
  std::string execution_id, stage_id;
  base::TimePoint since{};
  std::string description;  ///< "stage 'Deploy' of pipeline 'Ship', execution 01H..."
  bool has_it = true;
  std::vector<StageRun> waiting;  ///< who comes after, in the order of coming; some may have ended
};

/// A lock is a claim in the store, which a crash does not free, and it ends with the stage that holds it:
/// nobody has to give it back. Who came first gets it first, as long as it takes it within a few seconds.
/// Threads: any executor.
class ClusterLocks {
 public:
  ClusterLocks(store::Store& store, const base::Clock& clock, base::Random& random)
      : store_(store), clock_(clock), random_(random) {}

  /// nullopt: the claimant, or a stage or an execution on whose behalf it acts, holds the lock. Else who does
  /// or comes first, and the claimant waits for its turn: it is to ask again. Whoever has it already is not
  /// kept waiting, so that a repeated task does no harm.
  /// Throws base::Error `unavailable`: nothing is known.
  Async<std::optional<LockHolder>> acquire(Place place, Claimant claimant) const;

  /// Those that are held now. What ended stages have left is removed on the way, so that it is looked at
  /// once.
  Async<std::vector<LockHolder>> held() const;
  /// Takes the lock away from whoever has it, whose next step has to ask for it again; who did it and why is
  /// kept as a document of the kind "clusterLock". Throws base::Error `not_found`: nobody has it.
  Async<LockHolder> take_away(Place place, std::string user, std::string reason) const;

 private:
  struct Look {
    std::optional<LockHolder> holder;  ///< nullopt: it is at work no more
    base::TimePoint ended{};           ///< since when, as far as one can tell
  };
  Async<Look> look_at(Place place, std::optional<StageRun> run) const;
  Async<std::optional<LockHolder>> first_before(Place place, LockQueue queue, StageRun mine) const;
  Async<bool> acts_for(LockHolder holder, Claimant claimant) const;
  Async<bool> replace(Place place, std::string present, LockQueue queue) const;

  store::Store& store_;
  const base::Clock& clock_;
  base::Random& random_;
};

}  // namespace gennaker::clusters
