#pragma once

#include "base/async.h"

namespace gennaker::base {

/// Runs `what` on `executor`; resumes on the caller's executor with the result or the exception.
///
/// Once begun it is not cancelled: what was asked for comes back, and the caller's next wait ends. Asio ends
/// the process when a spawned coroutine is cancelled before it has reached its executor and then does not
/// wait there.
template <class T>
Async<T> run_on(asio::any_io_executor executor, Async<T> what) {
  auto token = asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable);
  if constexpr (std::is_void_v<T>) {
    co_await asio::co_spawn(executor, std::move(what), token);
  } else {
    co_return co_await asio::co_spawn(executor, std::move(what), token);
  }
}

}  // namespace gennaker::base
