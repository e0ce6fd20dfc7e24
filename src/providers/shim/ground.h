#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <string>
#include <vector>

#include "base/clock.h"

namespace gennaker::providers {

/// What the parts of a provider stand on that has processes of its own.
struct Ground {
  boost::asio::any_io_executor executor;
  boost::asio::thread_pool& pool;  ///< for what blocks
  const base::Clock& clock;
  std::vector<std::string> shim_program;  ///< argv before a directory
};

}  // namespace gennaker::providers
