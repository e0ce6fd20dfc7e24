#pragma once

#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>
#include <mutex>
#include <optional>

#include "base/async.h"

namespace gennaker::net {

/// Wakes one waiting coroutine from any thread. A call that comes before the wait is not lost; several are
/// as good as one, so whoever wakes looks again at what it waits for.
class Wake {
 public:
  explicit Wake(base::asio::any_io_executor executor) : calls_(std::in_place, std::move(executor), 1) {}

  void call() {
    const std::lock_guard lock(mutex_);
    if (calls_) calls_->try_send(boost::system::error_code());
  }

  /// Nobody waits any more: calls do nothing from here on, and the executor may go.
  void close() {
    const std::lock_guard lock(mutex_);
    calls_.reset();
  }

  /// Cancellation ends it with `operation_aborted`.
  base::Async<void> wait() {
    boost::system::error_code error;
    auto token = base::asio::redirect_error(base::asio::use_awaitable, error);
    co_await calls_->async_receive(token);
    if (error) throw boost::system::system_error(base::asio::error::operation_aborted);
  }

 private:
  std::mutex mutex_;
  std::optional<base::asio::experimental::concurrent_channel<void(boost::system::error_code)>> calls_;
};

}  // namespace gennaker::net
