#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/clock.h"

/// The server's side of a shim (shim.h).
namespace gennaker::providers {

namespace asio = boost::asio;
using base::Async;

struct ProcessExit {
  base::TimePoint at{};
  std::optional<int> status, signal;  ///< one of them
  std::string last_words;             ///< the end of its output, where it said something
};

struct ShimStatus {
  bool running = false;
  int pid = 0;
  int restarts = 0;
  base::TimePoint started_at{};
  base::TimePoint restart_at{};
  std::optional<ProcessExit> last_exit;
  std::string memory_limit;
};

/// Throws base::Error `invalid` for what is not a status.
ShimStatus shim_status_of(std::string_view line);

/// "exited with status 3 (no such table: users)".
std::string describe(const ProcessExit& exit);
/// The same and ", restarting in 2 s"; empty while it runs.
std::string why_not_running(const ShimStatus& status);

/// Starts the shim of `directory` unless there is one; returns when it answers. Blocks: call it on a pool.
/// `program`: argv before the directory. Throws `unavailable` with what the shim said.
void start_shim(const std::vector<std::string>& program, const std::string& directory);

/// Ends a shim and all processes of its instance; one that is not there is fine, its processes are ended all
/// the same. Throws `unavailable` or `timeout` when it does not end.
Async<void> stop_shim(asio::thread_pool& pool, std::string directory, std::chrono::milliseconds grace);

}  // namespace gennaker::providers
