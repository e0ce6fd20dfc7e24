#pragma once

#include <filesystem>
#include <vector>

#include "store/commit_queue.h"
#include "store/sqlite/database.h"
#include "store/sqlite/sqlite_store.h"

namespace gennaker::store::sqlite {

/// The one connection that writes.
class Writer {
 public:
  Writer(const std::filesystem::path& file, SqliteOptions options);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  CommitQueue& queue() { return queue_; }

 private:
  using Request = CommitQueue::Request;

  std::vector<FeedEntry> write(std::vector<Request>& batch);
  /// All of `request` or nothing: fills `refusal` when it cannot be done, and throws when none can.
  void write_one(Request& request);
  void apply(Changes& changes);
  void check(const Changes::Expected& expected);
  void write_document(const Document& document);
  void write_feed(std::vector<FeedEntry>& entries);
  void prune_feed();

  SqliteOptions options_;
  Database database_;
  /// Entries of the batch that is being written.
  std::vector<FeedEntry> fresh_;
  CommitQueue queue_;  ///< the last member: its thread uses the others until it has ended
};

}  // namespace gennaker::store::sqlite
