#pragma once

#include <optional>
#include <vector>

#include "store/commit_queue.h"
#include "store/postgres/batch.h"
#include "store/postgres/membership.h"
#include "store/postgres/postgres_store.h"

namespace gennaker::store::postgres {

/// The one connection that writes; made anew after it was lost.
class Writer {
 public:
  /// `membership` must outlive it.
  Writer(const Address& address, PostgresOptions options, Membership& membership);
  ~Writer();
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
  /// What comes under a lease that has run out. Gives back whether anything else is left.
  bool refuse_stale(std::vector<Request>& batch) const;
  /// Of the lease that it is about.
  struct Commits {
    Lease lease = 0;
    std::int64_t count = 0;
  };
  /// Counts one more. That holds the lease until the transaction ends; it counts nothing when the lease has
  /// run out, or when the same commit was counted before.
  static Statement next_commit(const Commits& after);
  void learn_commits(Lease lease);
  [[noreturn]] void explain_uncounted();
  void wait_for_lease();
  /// Sends BEGIN and what belongs to it with the first statements of the transaction. Throws LeaseLost.
  std::vector<Result> run_first(std::vector<Statement> statements);
  Decisions lock_decisions(const std::vector<Request>& batch);
  void write_together(std::vector<Request>& batch, Decisions& decisions);
  void write_one_by_one(std::vector<Request>& batch, Decisions& decisions);
  /// To other servers.
  void add_notices(const std::vector<Request>& batch, std::vector<Statement>& to) const;
  /// The news of what was not refused, with their numbers; then COMMIT.
  std::vector<FeedEntry> publish_and_commit(std::vector<Request>& batch);
  /// What became readable before `fresh` and was not told to anybody: of others, or of a commit whose answer
  /// was lost.
  std::vector<FeedEntry> with_missed(std::vector<FeedEntry> fresh);
  std::vector<FeedEntry> catch_up();
  std::optional<Statement> pruning(const std::vector<Request>& batch);

  Address address_;
  PostgresOptions options_;
  std::optional<Connection> connection_;
  Membership& membership_;
  Lease held_ = 0;                  ///< by the present transaction
  Lease gone_ = 0;                  ///< found missing
  std::optional<Commits> commits_;  ///< nullopt: not known
  bool in_doubt_ = false;           ///< whether the next commit has been written already
  /// BEGIN, when it has not been sent yet: it goes with what comes first.
  std::vector<Statement> opening_;
  bool committing_ = false;
  std::uint64_t told_ = 0;         ///< up to this number the listeners know the feed
  std::size_t since_pruning_ = 0;  ///< entries written
  CommitQueue queue_;              ///< the last member: its thread uses the others until it has ended
};

}  // namespace gennaker::store::postgres
