#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "runner/claim_queue.h"
#include "runner/task.h"
#include "store/store.h"

/// Names in the store that stages hold, so that of those who would do the same only one does, also on other
/// servers.
namespace gennaker::runner {

using base::Async;

/// On whose behalf something is done.
struct Claimant {
  std::string execution_id;
  std::string stage_id;             ///< holds the name until it has ended
  base::TimePoint since;            ///< its start: a stage that was restarted has to ask again
  std::vector<std::string> within;  ///< ids of the stages around it: what they hold is as good
  std::string parent_execution_id, parent_stage_id;  ///< of the execution; empty: it has no parent
};

/// The task's stage, with all that is around it.
Claimant claimant_of(const TaskContext& context);

/// Who holds a name, or, where nobody does, whose turn it is.
struct ClaimHolder {
  std::string execution_id, stage_id;
  base::TimePoint since{};
  std::string description;  ///< "stage 'Deploy' of pipeline 'Ship', execution 01H..."
  bool has_it = true;
};

/// Asks again when the holder's execution ends or changes, and otherwise every two seconds.
Again ask_again(const ClaimHolder& holder, std::string waiting_for);

/// A crash frees nothing, and what a stage holds ends with it: nobody has to give it back. Who came first
/// gets it first, as long as it takes it within a few seconds. Threads: any executor.
class StageClaims {
 public:
  /// Names are kept in `claims`, and the stages that hold them are looked up in `executions`; both must
  /// outlive it.
  StageClaims(store::Store& claims, store::Store& executions, const base::Clock& clock)
      : claims_(claims), executions_(executions), clock_(clock) {}

  /// nullopt: the claimant, or a stage or an execution on whose behalf it acts, holds the name. Else who does
  /// or comes first, and the claimant waits for its turn: it is to ask again. Whoever has it already is not
  /// kept waiting, so that a repeated task does no harm.
  /// Throws base::Error `unavailable`: nothing is known.
  Async<std::optional<ClaimHolder>> acquire(std::string name, Claimant claimant) const;

  /// Who is meant by what the store has for a name (store::Claim::holder); nullopt: nobody any more.
  Async<std::optional<ClaimHolder>> holder_of(std::string word) const;

 private:
  struct Look {
    std::optional<ClaimHolder> holder;  ///< nullopt: it is at work no more
    base::TimePoint ended{};            ///< since when, as far as one can tell
  };
  Async<Look> look_at(std::optional<StageRun> run) const;
  Async<std::optional<ClaimHolder>> first_before(ClaimQueue queue, StageRun mine) const;
  Async<bool> acts_for(ClaimHolder holder, Claimant claimant) const;
  Async<bool> replace(std::string name, std::string present, ClaimQueue queue) const;

  store::Store& claims_;
  store::Store& executions_;
  const base::Clock& clock_;
};

}  // namespace gennaker::runner
