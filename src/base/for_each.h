#pragma once

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "base/async.h"

namespace gennaker::base {

/// Awaits `work(item)` for every item, in order, at most `at_most` of them at a time. When one throws, no
/// other begins; it is thrown on when those under way have ended. Threads: the caller's executor, of one
/// thread. Cancelled, it does not wait for those under way, which go on; no other begins.
template <class Item, class Work>
Async<void> for_each(std::vector<Item> items, std::size_t at_most, Work work) {
  struct State {
    State(const asio::any_io_executor& executor, std::vector<Item> list, Work what)
        : items(std::move(list)),
          work(std::move(what)),
          ended(executor, asio::steady_timer::time_point::max()) {}
    std::vector<Item> items;
    Work work;
    asio::steady_timer ended;
    std::size_t next = 0, running = 0;
    std::exception_ptr failed;
  };
  const auto executor = co_await asio::this_coro::executor;
  auto state = std::make_shared<State>(executor, std::move(items), std::move(work));
  state->running = std::min(at_most, state->items.size());
  auto one_after_another = [](std::shared_ptr<State> shared) -> Async<void> {
    while (shared->next < shared->items.size()) {
      auto working = shared->work(shared->items[shared->next++]);
      co_await std::move(working);
    }
  };
  const std::size_t workers = state->running;
  for (std::size_t i = 0; i < workers; ++i) {
    asio::co_spawn(executor, one_after_another(state), [state](std::exception_ptr failed) {
      if (failed) {
        if (!state->failed) state->failed = failed;
        state->next = state->items.size();
      }
      if (--state->running == 0) state->ended.cancel();
    });
  }
  struct NoOther {
    std::shared_ptr<State> state;
    ~NoOther() { state->next = state->items.size(); }
  } no_other{state};
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  if (state->running > 0) co_await state->ended.async_wait(token);
  if (state->failed) std::rethrow_exception(state->failed);
}

}  // namespace gennaker::base
