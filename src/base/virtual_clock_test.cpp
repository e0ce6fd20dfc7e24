#include "base/virtual_clock.h"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <vector>

#include "base/timer.h"

namespace gennaker::base {
namespace {

using namespace std::chrono_literals;

class VirtualTime : public testing::Test {
 protected:
  std::unique_ptr<Timer> timer() { return clock_.timer(io_.get_executor()); }
  std::function<void()> note(int number) {
    return [this, number] { fired_.push_back(number); };
  }
  void advance(std::chrono::milliseconds by) {
    clock_.advance(by);
    io_.restart();
    io_.poll();
  }

  VirtualClock clock_;
  boost::asio::io_context io_;
  std::vector<int> fired_;
};

TEST_F(VirtualTime, TimersFireInTheOrderOfTheirTimes) {
  const auto late = timer(), soon = timer(), sooner = timer();
  late->set(24h, note(3));
  soon->set(2s, note(2));
  sooner->set(1s, note(1));
  EXPECT_EQ(clock_.next_due(), clock_.now() + 1s);
  advance(500ms);
  EXPECT_TRUE(fired_.empty());
  advance(24h);
  EXPECT_EQ(fired_, (std::vector{1, 2, 3}));
  EXPECT_FALSE(clock_.next_due());
}

TEST_F(VirtualTime, EqualTimesFireInTheOrderInWhichTheyWereSet) {
  const auto first = timer(), second = timer();
  second->set(1s, note(2));
  first->set(1s, note(1));
  advance(1s);
  EXPECT_EQ(fired_, (std::vector{2, 1}));
}

TEST_F(VirtualTime, WhatIsCancelledOrSetAgainIsNotCalled) {
  const auto cancelled = timer(), again = timer();
  cancelled->set(1s, note(1));
  cancelled->cancel();
  again->set(1s, note(2));
  again->set(5s, note(3));
  advance(2s);
  EXPECT_TRUE(fired_.empty());
  advance(4s);
  EXPECT_EQ(fired_, (std::vector{3}));
}

TEST_F(VirtualTime, ATimerThatGoesWhileItsCallIsOnItsWayIsNotCalled) {
  auto gone = timer();
  gone->set(1s, note(1));
  clock_.advance(1s);
  gone.reset();
  io_.poll();
  EXPECT_TRUE(fired_.empty());
}

TEST_F(VirtualTime, TimersDoNotNoticeThatTheClockIsSet) {
  const auto one = timer();
  one->set(10s, note(1));
  const TimePoint before = clock_.now();
  clock_.jump(1h);
  EXPECT_EQ(clock_.now(), before + 1h);
  EXPECT_EQ(clock_.next_due(), clock_.now() + 10s);
  advance(9s);
  clock_.jump(-2h);
  EXPECT_TRUE(fired_.empty());
  advance(1s);
  EXPECT_EQ(fired_, (std::vector{1}));
  EXPECT_EQ(clock_.now(), before - 1h + 10s);
}

TEST_F(VirtualTime, ACoroutineSleepsByTheClock) {
  const auto sleeper = [](const VirtualClock* clock, std::function<void()> awake) -> Async<void> {
    auto sleeping = sleep_for(*clock, 5s);
    co_await std::move(sleeping);
    awake();
  };
  asio::co_spawn(io_, sleeper(&clock_, note(1)), asio::detached);
  io_.poll();
  advance(4s);
  EXPECT_TRUE(fired_.empty());
  advance(1s);
  EXPECT_EQ(fired_, (std::vector{1}));
}

TEST(SystemTime, ATimerFiresUnlessItIsCancelled) {
  boost::asio::io_context io;
  const SystemClock clock;
  int fired = 0;
  const auto kept = clock.timer(io.get_executor()), cancelled = clock.timer(io.get_executor());
  cancelled->set(0ms, [&] { fired += 10; });
  kept->set(1ms, [&] { ++fired; });
  cancelled->cancel();
  io.run();
  EXPECT_EQ(fired, 1);
}

}  // namespace
}  // namespace gennaker::base
