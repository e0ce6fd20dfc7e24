#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>

namespace boost::asio {
class any_io_executor;
}

namespace gennaker::base {

/// A moment on the calendar, in milliseconds: the resolution of Spinnaker's API.
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

inline std::int64_t to_millis(TimePoint t) {
  return t.time_since_epoch().count();
}
inline TimePoint from_millis(std::int64_t ms) {
  return TimePoint(std::chrono::milliseconds(ms));
}

/// A number of milliseconds that somebody wrote, as a duration that any moment can be moved by: at most a
/// century either way.
inline std::chrono::milliseconds bounded_millis(std::int64_t ms) {
  constexpr std::int64_t century = 100LL * 365 * 86'400'000;
  return std::chrono::milliseconds(std::clamp(ms, -century, century));
}

class Timer;

/// The only source of time. Threads: any, unless an implementation says otherwise.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  /// A timer (base/timer.h) whose calls come on `executor`. The clock must outlive it.
  virtual std::unique_ptr<Timer> timer(const boost::asio::any_io_executor& executor) const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
  std::unique_ptr<Timer> timer(const boost::asio::any_io_executor& executor) const override;
};

}  // namespace gennaker::base
