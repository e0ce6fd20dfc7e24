#include "base/clock.h"

#include <boost/asio/steady_timer.hpp>

#include "base/timer.h"

namespace gennaker::base {
namespace {

class SteadyTimer final : public Timer {
 public:
  explicit SteadyTimer(const boost::asio::any_io_executor& executor) : timer_(executor) {}
  ~SteadyTimer() override { SteadyTimer::cancel(); }

  void set(std::chrono::milliseconds after, std::function<void()> fired) override {
    cancel();
    // A call that is already on its way when it is cancelled must find out.
    wanted_ = std::make_shared<bool>(true);
    timer_.expires_after(after);
    timer_.async_wait([wanted = wanted_, fired = std::move(fired)](boost::system::error_code error) {
      if (!error && std::exchange(*wanted, false)) fired();
    });
  }

  void cancel() override {
    if (!wanted_) return;
    *wanted_ = false;
    wanted_.reset();
    timer_.cancel();
  }

 private:
  boost::asio::steady_timer timer_;
  std::shared_ptr<bool> wanted_;
};

}  // namespace

TimePoint SystemClock::now() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::unique_ptr<Timer> SystemClock::timer(const boost::asio::any_io_executor& executor) const {
  return std::make_unique<SteadyTimer>(executor);
}

}  // namespace gennaker::base
