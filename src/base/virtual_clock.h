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
  explicit VirtualClock(TimePoint start = from_millis(1'000'000)) : now_(start) {}

  TimePoint now() const override { return now_; }
  std::unique_ptr<Timer> timer(const boost::asio::any_io_executor& executor) const override;

  /// Lets time pass; what became due is posted to its executor, in the order of its times, of equal ones in
  /// the order in which they were set.
  void advance(std::chrono::milliseconds by) { advance_to(now_ + by); }
  void advance_to(TimePoint moment);
  /// When the next timer is due, if one is set. May lie in the past.
  std::optional<TimePoint> next_due() const;

 private:
  class Entry;
  using Due = std::pair<TimePoint, std::uint64_t>;

  TimePoint now_;
  mutable std::uint64_t last_number_ = 0;
  mutable std::map<Due, Entry*> due_;
};

}  // namespace gennaker::base
