#pragma once

#include <boost/asio/redirect_error.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <vector>

#include "base/async.h"
#include "base/error.h"

namespace gennaker::providers {

namespace asio = boost::asio;
using base::Async;
using std::chrono::milliseconds;

/// One timer that never fires by itself: a coroutine that waits to be woken.
struct Sleeper {
  explicit Sleeper(const asio::any_io_executor& executor)
      : timer(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer timer;
  bool woken = false;

  void wake() {
    woken = true;
    timer.cancel();
  }
};

/// Wakes those who wait. Threads: one.
class Signal {
 public:
  /// Returns after the next notify(); throws `unavailable` when the waiting is cancelled.
  Async<void> wait() {
    auto executor = co_await asio::this_coro::executor;
    auto sleeper = std::make_shared<Sleeper>(executor);
    sleepers_.push_back(sleeper);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await sleeper->timer.async_wait(token);
    if (!sleeper->woken) throw base::Error(base::Kind::unavailable, "the wait was cancelled");
  }
  void notify() {
    const auto sleepers = std::move(sleepers_);
    sleepers_.clear();
    for (const auto& sleeper : sleepers) sleeper->wake();
  }

 private:
  std::vector<std::shared_ptr<Sleeper>> sleepers_;
};

/// One holder at a time, first come, first served; may be held across co_await. Threads: one.
class Turn {
  struct State {
    bool held = false;
    std::deque<std::shared_ptr<Sleeper>> waiting;

    void release() {
      if (waiting.empty()) {
        held = false;
        return;
      }
      const auto next = waiting.front();
      waiting.pop_front();
      next->wake();
    }
  };

 public:
  class Held {
   public:
    explicit Held(std::shared_ptr<State> state) : state_(std::move(state)) {}
    Held(Held&&) = default;
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (state_) state_->release();
    }

   private:
    std::shared_ptr<State> state_;
  };

  Async<Held> take() {
    const auto state = state_;
    if (!state->held) {
      state->held = true;
      co_return Held(state);
    }
    auto executor = co_await asio::this_coro::executor;
    auto sleeper = std::make_shared<Sleeper>(executor);
    state->waiting.push_back(sleeper);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await sleeper->timer.async_wait(token);
    if (!sleeper->woken) {
      std::erase(state->waiting, sleeper);
      throw base::Error(base::Kind::unavailable, "the wait was cancelled");
    }
    co_return Held(state);
  }

 private:
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// Runs all at once and returns when all have ended; then throws what the first of those that failed threw.
inline Async<void> all_of(std::vector<Async<void>> works) {
  struct State {
    std::size_t running = 0;
    std::exception_ptr failed;
    Signal ended;
  };
  auto executor = co_await asio::this_coro::executor;
  auto state = std::make_shared<State>();
  state->running = works.size();
  for (Async<void>& work : works) {
    asio::co_spawn(executor, std::move(work), [state](std::exception_ptr failed) {
      if (failed && !state->failed) state->failed = failed;
      --state->running;
      state->ended.notify();
    });
  }
  while (state->running > 0) co_await state->ended.wait();
  if (state->failed) std::rethrow_exception(state->failed);
}

}  // namespace gennaker::providers
