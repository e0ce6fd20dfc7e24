#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "runner/stage_claims.h"
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

using runner::Claimant;

/// Who has a lock, or, where nobody has it, whose turn it is.
struct LockHolder : runner::ClaimHolder {
  Place place;
  std::vector<runner::StageRun> waiting = {};  ///< who comes after, in the order of coming; of held() alone
};

/// A lock is a claim in the store, which a crash does not free, and it ends with the stage that holds it:
/// nobody has to give it back. Threads: any executor.
class ClusterLocks {
 public:
  ClusterLocks(store::Store& store, const base::Clock& clock, base::Random& random)
      : store_(store), claims_(store, store, clock), clock_(clock), random_(random) {}

  /// nullopt: the claimant, or a stage or an execution on whose behalf it acts, holds the lock. Else who
  /// does or comes first. Whoever has it already is not kept waiting, so that a repeated task does no harm.
  /// Throws base::Error `unavailable`: nothing is known.
  Async<std::optional<LockHolder>> acquire(Place place, Claimant claimant) const;

  /// Those that are held now. What ended stages have left is removed on the way, so that it is looked at
  /// once.
  Async<std::vector<LockHolder>> held() const;
  /// Takes the lock away from whoever has it, whose next step has to ask for it again; who did it and why is
  /// kept as a document of the kind "clusterLock". Throws base::Error `not_found`: nobody has it.
  Async<LockHolder> take_away(Place place, std::string user, std::string reason) const;

 private:
  Async<std::optional<LockHolder>> holder_of(Place place, std::string word) const;

  store::Store& store_;
  const runner::StageClaims claims_;
  const base::Clock& clock_;
  base::Random& random_;
};

}  // namespace gennaker::clusters
