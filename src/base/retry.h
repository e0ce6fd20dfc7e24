#pragma once

#include <algorithm>
#include <chrono>
#include <string>

#include "base/async.h"
#include "base/error.h"
#include "base/logging.h"
#include "base/timer.h"

namespace gennaker::base {

/// Of an exception of any sort.
inline bool worth_retrying(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  return known != nullptr && known->worth_retrying();
}

/// Awaits what `work` gives, again and again with growing pauses, as long as it fails with an error that is
/// worth another try: for what nobody else would do. Any other error ends it. `what` says in the log what
/// could not be done. Throws nothing that `work` throws. `clock` must outlive it.
template <class Work>
Async<void> until_it_works(const Clock& clock, std::string what, Work work) {
  auto pause = std::chrono::milliseconds(100);
  for (;;) {
    try {
      auto working = work();
      co_await std::move(working);
      co_return;
    } catch (const std::exception& error) {
      if (!worth_retrying(error)) {
        log::error("{}: {}", what, error.what());
        co_return;
      }
      log::warn("{}, trying again in {} ms: {}", what, pause.count(), error.what());
    }
    auto waiting = sleep_for(clock, pause);
    co_await std::move(waiting);
    pause = std::min(2 * pause, std::chrono::milliseconds(15'000));
  }
}

}  // namespace gennaker::base
