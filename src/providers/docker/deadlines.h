#pragma once

#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "providers/shim/waiting.h"

namespace gennaker::providers::docker {

/// Waits that end in time, and at once when they are interrupted. Threads: one.
class Deadlines {
 public:
  /// Awaits `work` for at most `limit`, then cancels it: nullopt. Throws what it throws. What `work` refers
  /// to must outlive it.
  template <class T>
  Async<std::optional<T>> within(milliseconds limit, Async<T> work) {
    auto result = std::make_shared<std::optional<T>>();
    auto filling = fill(result, std::move(work));
    const bool ended = co_await complete(limit, std::move(filling));
    if (!ended) co_return std::nullopt;
    co_return std::move(*result);
  }
  /// The same; whether it has ended.
  Async<bool> complete(milliseconds limit, Async<void> work) {
    auto executor = co_await asio::this_coro::executor;
    auto wait = std::make_shared<Wait>(executor);
    wait->timer.expires_after(limit);
    wait->timer.async_wait([wait](boost::system::error_code error) {
      if (!error) wait->end();
    });
    waits_.insert(wait);
    auto token = asio::bind_cancellation_slot(wait->signal.slot(), asio::use_awaitable);
    std::exception_ptr failed;
    try {
      co_await asio::co_spawn(executor, std::move(work), token);
    } catch (...) {
      failed = std::current_exception();
    }
    waits_.erase(wait);
    wait->timer.cancel();
    if (failed && wait->over) co_return false;
    if (failed) std::rethrow_exception(failed);
    co_return true;
  }
  /// Ends what waits now, as if its time were over.
  void interrupt() {
    const auto waits = waits_;
    for (const auto& wait : waits) wait->end();
  }

 private:
  struct Wait {
    explicit Wait(const asio::any_io_executor& executor) : timer(executor) {}
    void end() {
      over = true;
      signal.emit(asio::cancellation_type::terminal);
    }
    asio::steady_timer timer;
    asio::cancellation_signal signal;
    bool over = false;
  };

  template <class T>
  static Async<void> fill(std::shared_ptr<std::optional<T>> place, Async<T> work) {
    auto value = co_await std::move(work);
    place->emplace(std::move(value));
  }

  std::set<std::shared_ptr<Wait>> waits_;
};

}  // namespace gennaker::providers::docker
