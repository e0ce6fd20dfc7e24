#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/clock.h"

namespace gennaker::bakery {

using base::Async;

/// Where those who bake say what they do.
class BakeLog {
 public:
  virtual ~BakeLog() = default;
  /// Adds lines to the log of the bake that `operation_key` stands for. Cheap; any thread.
  virtual void write(std::string_view operation_key, std::string_view lines) = 0;
};

/// Nobody listens.
class NoBakeLog final : public BakeLog {
 public:
  void write(std::string_view, std::string_view) override {}
};

struct BakeLogOptions {
  std::filesystem::path folder;              ///< made with the first log
  std::size_t most_bytes = 4 * 1024 * 1024;  ///< of one log
  std::size_t most_logs = 1000;              ///< older ones go
  std::chrono::hours kept{24 * 30};          ///< after its last line
};

/// How a bake has ended.
struct BakeEnd {
  bool succeeded = false;
  std::string image_id = {}, image_name = {};  ///< when it succeeded
};

/// A piece of a log.
struct BakeLogPart {
  std::string text;       ///< whole lines, unless one is longer than what was asked for
  std::uint64_t end = 0;  ///< where the next part begins
  bool open = false;      ///< somebody writes to it now
  bool at_end = false;    ///< nothing more was there
};

/// The logs of the bakes on this server, a file each, which readers follow while they are written. What
/// cannot be written is dropped: a log must not stop what it describes. Threads: any; those who wait resume
/// on their own executor. End all waits before the destructor.
class BakeLogs final : public BakeLog {
 public:
  /// `clock` must outlive it.
  BakeLogs(BakeLogOptions options, const base::Clock& clock);
  ~BakeLogs() override;

  /// A bake begins, or goes on after a crash.
  void open(const std::string& id);
  void write(std::string_view operation_key, std::string_view lines) override;
  /// It has ended. Removes some of the logs that are too old, or too many.
  void close(const std::string& id, BakeEnd end);
  /// The last lines of one that is open, at most 20.
  std::vector<std::string> last_lines(const std::string& id) const;
  /// Of one that was closed by this process, not long ago.
  std::optional<BakeEnd> end_of(const std::string& id) const;

  /// At most so many bytes from there. nullopt: this server has no such log.
  Async<std::optional<BakeLogPart>> read(std::string id, std::uint64_t from, std::size_t most);
  /// Returns when there is more than `part` said, when it was opened or closed, or after `longest`. Throws
  /// when it is cancelled.
  Async<void> wait(std::string id, BakeLogPart part, std::chrono::milliseconds longest);

 private:
  struct Open {
    std::size_t bytes = 0;
    std::size_t left_out = 0;            ///< lines
    std::deque<std::string> last_lines;  ///< left out or not
  };
  struct Waiter;

  std::filesystem::path file_of(const std::string& id) const;
  void add(const std::string& id, Open& log, std::string_view line);
  void append(const std::string& id, Open& log, std::string_view text);
  void wake(const std::string& id);
  void prune();

  const BakeLogOptions options_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;  // guards all below but the pool
  std::map<std::string, Open, std::less<>> open_;
  std::deque<std::pair<std::string, BakeEnd>> ends_;  ///< newest last
  std::multimap<std::string, std::shared_ptr<Waiter>> waiting_;
  boost::asio::thread_pool pool_{1};
};

}  // namespace gennaker::bakery
