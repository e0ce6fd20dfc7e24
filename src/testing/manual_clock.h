#pragma once

#include "base/clock.h"

namespace gennaker::testing {

/// Time that passes when the test says so. Threads: one.
class ManualClock final : public base::Clock {
 public:
  base::TimePoint now() const override { return now_; }
  void advance(std::chrono::milliseconds by) { now_ += by; }

 private:
  base::TimePoint now_ = base::from_millis(1'000'000);
};

}  // namespace gennaker::testing
