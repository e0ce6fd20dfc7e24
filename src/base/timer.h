#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>

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

}  // namespace gennaker::base
