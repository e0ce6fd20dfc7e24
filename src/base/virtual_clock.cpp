#include "base/virtual_clock.h"

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include "base/timer.h"

namespace gennaker::base {

class VirtualClock::Entry final : public Timer {
 public:
  Entry(const VirtualClock& clock, boost::asio::any_io_executor executor)
      : clock_(clock), executor_(std::move(executor)) {}
  ~Entry() override { Entry::cancel(); }

  void set(std::chrono::milliseconds after, std::function<void()> fired) override {
    cancel();
    due_ = {clock_.passed_ + after, ++clock_.last_number_};
    clock_.due_.emplace(due_, this);
    wanted_ = std::make_shared<bool>(true);
    fired_ = std::move(fired);
  }

  void cancel() override {
    if (!wanted_) return;
    *wanted_ = false;
    wanted_.reset();
    fired_ = nullptr;
    clock_.due_.erase(due_);
  }

  void fire() {
    boost::asio::post(executor_, [wanted = wanted_, fired = std::move(fired_)] {
      if (std::exchange(*wanted, false)) fired();
    });
  }

 private:
  const VirtualClock& clock_;
  boost::asio::any_io_executor executor_;
  Due due_;
  std::function<void()> fired_;
  std::shared_ptr<bool> wanted_;
};

std::unique_ptr<Timer> VirtualClock::timer(const boost::asio::any_io_executor& executor) const {
  return std::make_unique<Entry>(*this, executor);
}

void VirtualClock::advance_to(TimePoint moment) {
  passed_ = std::max(passed_, moment - set_by_);
  while (!due_.empty() && due_.begin()->first.first <= passed_) {
    Entry* entry = due_.begin()->second;
    due_.erase(due_.begin());
    entry->fire();
  }
}

std::optional<TimePoint> VirtualClock::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first.first + set_by_;
}

}  // namespace gennaker::base
