#include "clusters/cluster_locks.h"

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

}  // namespace

std::string to_text(const Place& place) {
  return fmt::format("{} in {}/{}", place.cluster, place.account, place.region);
}

/// nullopt: nobody holds it any more.
Async<std::optional<LockHolder>> ClusterLocks::holder_of(Place place, std::string word) const {
  auto looking = claims_.holder_of(std::move(word));
  std::optional<runner::ClaimHolder> holder = co_await std::move(looking);
  if (!holder) co_return std::nullopt;
  co_return LockHolder{std::move(*holder), std::move(place)};
}

Async<std::optional<LockHolder>> ClusterLocks::acquire(Place place, Claimant claimant) const {
  auto claiming = claims_.acquire(claim_name(place), std::move(claimant));
  std::optional<runner::ClaimHolder> holder = co_await std::move(claiming);
  if (!holder) co_return std::nullopt;
  co_return LockHolder{std::move(*holder), std::move(place)};
}

Async<std::vector<LockHolder>> ClusterLocks::held() const {
  auto reading = store_.claims(prefix);
  const std::vector<store::Claim> claims = co_await std::move(reading);
  std::vector<LockHolder> holders;
  store::Changes left;
  for (const store::Claim& claim : claims) {
    runner::ClaimQueue queue = runner::ClaimQueue::parse(claim.holder);
    auto looking = holder_of(place_of(claim.name), claim.holder);
    std::optional<LockHolder> holder = co_await std::move(looking);
    if (holder) {
      holder->waiting = std::move(queue.waiting);
      holders.push_back(std::move(*holder));
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
    auto looking = holder_of(place, present);
    const std::optional<LockHolder> holder = co_await std::move(looking);
    if (!holder) {
      throw base::Error(base::Kind::not_found, fmt::format("nobody holds the lock of {}", to_text(place)));
    }
    runner::ClaimQueue queue = runner::ClaimQueue::parse(present);
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
