#include "base/async.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <gtest/gtest.h>
#include <optional>

namespace gennaker::base {
namespace {

Async<void> ask(asio::thread_pool& pool, std::shared_future<void> release, std::optional<int>& answer,
                bool& went_on) {
  auto work = [release] {
    release.wait();
    return 7;
  };
  answer = co_await run_blocking(pool, std::move(work));
  co_await sleep_for(std::chrono::milliseconds(0));
  went_on = true;
}

TEST(RunBlocking, AnswersThoughItsCallerIsCancelledMeanwhile) {
  asio::thread_pool pool(2);
  asio::io_context io;
  asio::cancellation_signal signal;
  std::promise<void> release;
  std::optional<int> answer;
  bool went_on = false;
  std::exception_ptr failure;
  asio::co_spawn(io, ask(pool, release.get_future().share(), answer, went_on),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) { failure = e; }));
  asio::post(io, [&] {
    signal.emit(asio::cancellation_type::terminal);
    // The pool's other thread has done by now whatever the signal has given it to do.
    asio::post(pool, [&] { release.set_value(); });
  });
  io.run();
  EXPECT_EQ(answer, 7);
  EXPECT_FALSE(went_on) << "its next wait ends";
  EXPECT_THROW(std::rethrow_exception(failure), boost::system::system_error);
}

}  // namespace
}  // namespace gennaker::base
