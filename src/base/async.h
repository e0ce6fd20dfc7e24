#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace gennaker::base {

namespace asio = boost::asio;

/// What every function that waits returns. GCC 12: name the operand of co_await first, take spawned arguments
/// by value (docs/decisions/0003-coroutines.md).
template <class T>
using Async = asio::awaitable<T>;

/// Suspends the calling coroutine. `timer` runs on the caller's executor; cancellation ends it with an
/// exception.
inline Async<void> sleep_for(std::chrono::milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::use_awaitable);
}

/// Runs what blocks (SQLite, files, a child's exit) on a pool; resumes on the caller's executor with the
/// result or the exception. `work` is owned by the pool until it has run.
///
/// Once begun it is not cancelled: what was asked for comes back, and the caller's next wait ends. A
/// cancellation must not reach the pool's coroutine either: its threads share no strand, and Asio ends the
/// process when one is cancelled between its last line and its return.
template <class Work>
Async<std::invoke_result_t<Work&>> run_blocking(asio::thread_pool& pool, Work work) {
  using Result = std::invoke_result_t<Work&>;
  auto shared = std::make_shared<Work>(std::move(work));
  auto body = [](std::shared_ptr<Work> w) -> Async<Result> { co_return (*w)(); };
  auto executor = pool.get_executor();
  auto running = body(shared);
  auto token = asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable);
  if constexpr (std::is_void_v<Result>) {
    co_await asio::co_spawn(executor, std::move(running), token);
  } else {
    co_return co_await asio::co_spawn(executor, std::move(running), token);
  }
}

/// A call that another thread answers later: `start` gets a function to call exactly once, from any thread,
/// with the error (or nullptr) and the value. The coroutine resumes on its own executor.
template <class T, class Start>
Async<T> await_answer(Start start) {
  auto initiate = [](auto handler, Start begin) {
    using Handler = decltype(handler);
    auto executor = asio::get_associated_executor(handler);
    // While the answer is outstanding the executor must not run out of work.
    auto work = asio::prefer(executor, asio::execution::outstanding_work.tracked);
    auto shared = std::make_shared<Handler>(std::move(handler));
    begin([shared, work](std::exception_ptr error, T value) {
      asio::post(work,
                 [shared, error, value = std::move(value)]() mutable { (*shared)(error, std::move(value)); });
    });
  };
  auto token = asio::use_awaitable;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, T)>(
      initiate, token, std::move(start));
}

}  // namespace gennaker::base
