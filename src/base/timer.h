#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "base/async.h"
#include "base/clock.h"

namespace gennaker::base {

/// Something to do at a later time, by the clock that made it: Clock::timer.
class Timer {
 public:
  virtual ~Timer() = default;  ///< as cancel()
  /// Calls `fired` once on the timer's executor when the time has passed, in place of what was set before.
  virtual void set(std::chrono::milliseconds after, std::function<void()> fired) = 0;
  /// What was set is not called any more; call on the timer's executor.
  virtual void cancel() = 0;
};

/// Suspends the calling coroutine by `clock`; its executor is one thread or a strand. Cancellation ends it
/// with an exception. The clock must outlive it.
inline Async<void> sleep_for(const Clock& clock, std::chrono::milliseconds duration) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer end(executor, asio::steady_timer::time_point::max());
  bool over = false;
  const auto timer = clock.timer(executor);
  timer->set(duration, [&] {
    over = true;
    end.cancel();
  });
  boost::system::error_code ended;
  auto token = asio::redirect_error(asio::use_awaitable, ended);
  co_await end.async_wait(token);
  if (!over) throw boost::system::system_error(ended);
}

}  // namespace gennaker::base
