#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "runner/stage_claims.h"
#include "store/store.h"

/// Which bakes there are: those that are finished, and who is at one. Source: docs/decisions/0022-bakery.md
namespace gennaker::bakery {

using base::Async;

/// Of the bake that an operation's key stands for: "<execution>-<digest>". The same for every attempt; the
/// execution that bakes, or baked, can be read from it.
std::string bake_id(std::string_view operation_key);
/// nullopt: it is no bake's id. What is one can be a file's name.
std::optional<std::string> execution_of_bake(std::string_view id);

/// An image that was made, and from what.
struct FinishedBake {
  std::string key;  ///< bake_key.h
  std::string id;
  std::string account, region;
  std::string image_id, image_name, version;
  std::vector<std::string> inputs;  ///< for people
  std::string execution_id;
  base::TimePoint at{};
};

/// Threads: any executor.
class Bakes {
 public:
  /// What is finished is kept in `store`, where executions are looked up too; who is at a bake, in `claims`.
  /// Both and the clock must outlive it.
  Bakes(store::Store& store, store::Store& claims, const base::Clock& clock)
      : store_(store), claims_(claims, store, clock), clock_(clock) {}

  /// The latest with this key; whether its image is still there is another question.
  Async<std::optional<FinishedBake>> find(std::string key) const;
  /// Takes the place of an earlier one with this key. The same again changes nothing.
  Async<void> keep(FinishedBake bake) const;

  /// nullopt: the claimant's stage bakes what this key stands for, until it has ended. Else who does.
  Async<std::optional<runner::ClaimHolder>> acquire(std::string key, runner::Claimant claimant) const;

 private:
  store::Store& store_;
  const runner::StageClaims claims_;
  const base::Clock& clock_;
};

}  // namespace gennaker::bakery
