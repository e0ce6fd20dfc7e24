#pragma once

#include <optional>
#include <vector>

#include "store/commit_queue.h"
#include "store/postgres/batch.h"
#include "store/postgres/postgres_store.h"

namespace gennaker::store::postgres {

/// The one connection that writes; made anew after it was lost.
class Writer {
 public:
  /// Connects, and brings the tables up to date.
  Writer(const Address& address, PostgresOptions options);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  CommitQueue& queue() { return queue_; }

 private:
  using Request = CommitQueue::Request;
  /// Together: one statement a table for all requests. That finds out that something is refused, but not
  /// whose it is: then each is written by itself, with a savepoint.
  enum class Manner { together, one_by_one };

  std::vector<FeedEntry> write(std::vector<Request>& batch);
  std::vector<FeedEntry> transact(std::vector<Request>& batch, Manner manner);
  DocumentVersions lock_documents(const std::vector<Request>& batch);
  void write_together(std::vector<Request>& batch, DocumentVersions& versions);
  void write_one_by_one(std::vector<Request>& batch, DocumentVersions& versions);
  /// The news of what was not refused, with their numbers; then COMMIT.
  std::vector<FeedEntry> publish_and_commit(std::vector<Request>& batch);
  /// What became readable before `fresh` and was not told to anybody: of others, or of a commit whose answer
  /// was lost.
  std::vector<FeedEntry> with_missed(std::vector<FeedEntry> fresh);
  std::optional<Statement> pruning(const std::vector<Request>& batch);

  Address address_;
  PostgresOptions options_;
  std::optional<Connection> connection_;
  /// BEGIN, when it has not been sent yet: it goes with what comes first.
  std::vector<Statement> opening_;
  bool committing_ = false;
  std::uint64_t told_ = 0;         ///< up to this number the listeners know the feed
  std::size_t since_pruning_ = 0;  ///< entries written
  CommitQueue queue_;              ///< the last member: its thread uses the others until it has ended
};

}  // namespace gennaker::store::postgres
