#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "store/sqlite/database.h"
#include "store/sqlite/sqlite_store.h"

namespace gennaker::store::sqlite {

/// The one connection that writes, on a thread of its own. Whatever has been queued while a commit ran shares
/// the next one, so that the price of a sync is split among all who wait for it.
class Writer {
 public:
  using Answer = std::function<void(std::exception_ptr, bool)>;
  using Listener = std::function<void(const std::vector<FeedEntry>&)>;

  Writer(const std::filesystem::path& file, SqliteOptions options);
  /// Commits what is queued, then ends.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// `answer` is called once, on the writer's thread. Threads: any.
  void commit(Changes changes, Answer answer);
  void add_listener(Listener listener);

 private:
  struct Request {
    Changes changes;
    Answer answer;
    std::exception_ptr refusal = {};
  };

  void work();
  std::vector<Request> take_batch();
  void write(std::vector<Request>& batch);
  /// All of `request` or nothing: fills `refusal` when it cannot be done, and throws when none can.
  void write_one(Request& request);
  void apply(Changes& changes);
  void check(const Changes::Expected& expected);
  void write_document(const Document& document);
  void write_feed(std::vector<FeedEntry>& entries);
  void prune_feed();

  SqliteOptions options_;
  Database database_;
  std::vector<Listener> listeners_;
  /// Entries of the batch that is being written.
  std::vector<FeedEntry> fresh_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> queue_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace gennaker::store::sqlite
