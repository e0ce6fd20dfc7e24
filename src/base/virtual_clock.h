#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace gennaker::base {

/// Time that passes only when somebody says so: a day takes no time. Threads: one, that of all its timers'
/// executors.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(TimePoint start = from_millis(1'000'000)) : passed_(start) {}

  TimePoint now() const override { return passed_ + set_by_; }
  std::unique_ptr<Timer> timer(const boost::asio::any_io_executor& executor) const override;

  /// Lets time pass; what became due is posted to its executor, in the order of its times, of equal ones in
  /// the order in which they were set.
  void advance(std::chrono::milliseconds by) { advance_to(now() + by); }
  void advance_to(TimePoint moment);
  /// Somebody sets the clock, forwards or backwards. Timers, which measure how long, do not notice.
  void jump(std::chrono::milliseconds by) { set_by_ += by; }
  /// now() without the jumps: grows only as time passes.
  TimePoint passed() const { return passed_; }
  /// When the next timer is due, if one is set. May lie in the past.
  std::optional<TimePoint> next_due() const;

 private:
  class Entry;
  using Due = std::pair<TimePoint, std::uint64_t>;

  TimePoint passed_;
  std::chrono::milliseconds set_by_{0};
  mutable std::uint64_t last_number_ = 0;
  mutable std::map<Due, Entry*> due_;  ///< by passed()
};

}  // namespace gennaker::base
