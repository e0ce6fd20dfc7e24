#pragma once

#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>

#include "base/async.h"

namespace gennaker::testing {

/// Runs `work` on `io` until it ends; throws what it throws. A work that waits for something that never
/// comes is a failure, not a hang.
template <class T>
T run_async(boost::asio::io_context& io, base::Async<T> work) {
  std::exception_ptr error;
  bool ended = false;
  std::conditional_t<std::is_void_v<T>, std::optional<int>, std::optional<T>> result;
  if constexpr (std::is_void_v<T>) {
    boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr e) {
      error = e;
      ended = true;
    });
  } else {
    boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr e, T value) {
      error = e;
      if (!e) result = std::move(value);
      ended = true;
    });
  }
  io.restart();
  while (!ended && io.poll_one() > 0) {
  }
  if (!ended) throw std::logic_error("the coroutine waits for something that never comes");
  if (error) std::rethrow_exception(error);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace gennaker::testing
