#pragma once

#include <boost/asio/redirect_error.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
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

/// The operations of an account that are under way, one at a time for a key: a doubled call waits for the
/// first, and then finds its answer. Its coroutines may be thrown away after it. Threads: one.
class OperationTurns {
  struct State {
    std::map<std::string, std::shared_ptr<Turn>> turns;
    Signal ended;
  };

 public:
  /// Keep it as long as the operation lasts.
  class Slot {
   public:
    Slot(std::shared_ptr<State> state, std::string key) : state_(std::move(state)), key_(std::move(key)) {
      auto& known = state_->turns[key_];
      if (!known) known = std::make_shared<Turn>();
      turn_ = known;
    }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() {
      held_.reset();
      if (turn_.use_count() <= 2) state_->turns.erase(key_);  // the map and we: nobody else waits
      state_->ended.notify();
    }
    Async<void> wait() {
      auto held = co_await turn_->take();
      held_.emplace(std::move(held));
    }

   private:
    const std::shared_ptr<State> state_;
    const std::string key_;
    std::shared_ptr<Turn> turn_;
    std::optional<Turn::Held> held_;
  };

  /// Throws `invalid` for an empty key, `unavailable` when the waiting is cancelled.
  Async<std::unique_ptr<Slot>> take(std::string key) {
    if (key.empty()) throw base::Error(base::Kind::invalid, "an operation needs a key");
    auto slot = std::make_unique<Slot>(state_, std::move(key));
    co_await slot->wait();
    co_return slot;
  }
  Async<void> all_ended() {
    const auto state = state_;
    while (!state->turns.empty()) co_await state->ended.wait();
  }

 private:
  const std::shared_ptr<State> state_ = std::make_shared<State>();
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
