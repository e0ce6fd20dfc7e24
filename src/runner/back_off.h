#pragma once

#include <chrono>
#include <map>
#include <string>

#include "runner/task.h"

namespace gennaker::runner {

/// The least time between two looks of a task that waits, as whoever runs the server wants it: what a cloud
/// is asked, it is asked less often. Zero: as the task wants.
struct BackOff {
  using Periods = std::map<std::string, std::chrono::milliseconds, std::less<>>;
  std::chrono::milliseconds everywhere{0};
  Periods of_provider;  ///< for stages that name a `cloudProvider`
  Periods of_account;   ///< for stages that name an account; its provider's share is in it
};

/// Lengthens the wish of a task that waits: to the longest of what `back_off` and the stage's
/// `backoffPeriodMs` say. News from outside still ends a wait that the server's configuration lengthened; a
/// stage's own period is a lower bound, which only a person's change to the stage cuts short. A task that
/// goes on at once (0 ms) does not wait: nothing is changed.
void lengthen(const BackOff& back_off, const model::Stage& stage, Again& wish);

}  // namespace gennaker::runner
