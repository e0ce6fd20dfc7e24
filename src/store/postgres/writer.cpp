#include "store/postgres/writer.h"

#include "base/logging.h"
#include "store/postgres/reader.h"
#include "store/postgres/schema.h"

namespace gennaker::store::postgres {
namespace {

using base::Error;
using base::Kind;
using Cause = Failure::Cause;

// A commit that another server's disturbs, and one by one after together.
constexpr int attempts = 4;
constexpr std::chrono::minutes migration_patience{30};
// At least so many old entries go at a time, when that many are too old.
constexpr std::size_t prune_step = 4096;

/// Who has given up waiting, or has gone without the database noticing, must not keep the locks of its
/// transaction. Ends with the transaction.
Statement limits(std::chrono::milliseconds patience) {
  return Statement(
      fmt::format("SELECT set_config('statement_timeout', '{0}', true),"
                  " set_config('idle_in_transaction_session_timeout', '{0}', true)",
                  2 * patience.count()));
}

}  // namespace

Writer::Writer(const Address& address, PostgresOptions options)
    : address_(address),
      options_(options),
      queue_([this](std::vector<Request>& batch) { return write(batch); }) {
  {
    Connection connection(address_, migration_patience);
    migrate(connection);
    refuse_unfinished_copy(connection);
  }
  connection_.emplace(address_, options_.answer_patience);
  told_ = static_cast<std::uint64_t>(connection_->run("SELECT sequence FROM feed_head").integer(0, 0));
}

std::vector<FeedEntry> Writer::write(std::vector<Request>& batch) {
  Manner manner = Manner::together;
  for (int attempt = 1;; ++attempt) {
    for (Request& request : batch) request.refusal = nullptr;
    committing_ = false;
    const bool kept = connection_ && connection_->alive();
    try {
      if (!kept) connection_.emplace(address_, options_.answer_patience);
      return transact(batch, manner);
    } catch (const Failure& failure) {
      if (failure.ends_connection()) connection_.reset();
      if (failure.ends_connection() && committing_) {
        throw Failure(failure.cause(), Kind::unavailable,
                      fmt::format("{}; whether the last change was written is not known", failure.what()));
      }
      // A connection that was kept may have ended long ago; a new one that fails is news.
      const bool again = failure.cause() == Cause::busy || (failure.cause() == Cause::lost && kept);
      const bool apart = failure.cause() == Cause::refused && manner == Manner::together;
      if (attempt == attempts || !(again || apart)) throw;
      if (apart) manner = Manner::one_by_one;
    }
  }
}

std::vector<FeedEntry> Writer::transact(std::vector<Request>& batch, Manner manner) {
  const Rollback rollback(*connection_);
  opening_.assign({Statement("BEGIN"), limits(options_.answer_patience)});
  DocumentVersions versions = lock_documents(batch);
  if (auto old = pruning(batch)) opening_.push_back(std::move(*old));
  if (manner == Manner::together) {
    write_together(batch, versions);
  } else {
    write_one_by_one(batch, versions);
  }
  return with_missed(publish_and_commit(batch));
}

DocumentVersions Writer::lock_documents(const std::vector<Request>& batch) {
  DocumentVersions versions;
  for (const Request& request : batch) versions.mention(request.changes);
  if (versions.empty()) return versions;
  // Two statements: what the second sees is what the lock's last holder has left.
  opening_.emplace_back("SELECT holders FROM document_lock FOR UPDATE");
  opening_.push_back(versions.look_up());
  versions.take(connection_->run(std::exchange(opening_, {})).back());
  return versions;
}

void Writer::write_together(std::vector<Request>& batch, DocumentVersions& versions) {
  Batch rows;
  for (Request& request : batch) {
    try {
      rows.add(request.changes, versions);
    } catch (const Error&) {
      request.refusal = std::current_exception();
    }
  }
  for (Statement& statement : rows.statements()) opening_.push_back(std::move(statement));
  if (!opening_.empty()) connection_->run(std::exchange(opening_, {}));
}

void Writer::write_one_by_one(std::vector<Request>& batch, DocumentVersions& versions) {
  if (!opening_.empty()) connection_->run(std::exchange(opening_, {}));
  for (Request& request : batch) {
    const DocumentVersions before = versions;
    try {
      Batch rows;
      rows.add(request.changes, versions);
      std::vector<Statement> statements = rows.statements();
      if (statements.empty()) continue;
      statements.insert(statements.begin(), Statement("SAVEPOINT one"));
      statements.emplace_back("RELEASE SAVEPOINT one");
      connection_->run(statements);
    } catch (const Failure& failure) {
      if (failure.cause() != Cause::refused) throw;
      request.refusal = std::current_exception();
      versions = before;
      connection_->run("ROLLBACK TO SAVEPOINT one");
    } catch (const Error&) {
      request.refusal = std::current_exception();
    }
  }
}

std::vector<FeedEntry> Writer::publish_and_commit(std::vector<Request>& batch) {
  std::vector<const FeedEntry*> entries;
  for (const Request& request : batch) {
    if (request.refusal) continue;
    for (const FeedEntry& entry : request.changes.feed) entries.push_back(&entry);
  }
  // Together, so that the feed's head is held for no longer than the database itself needs.
  std::vector<Statement> last;
  if (!entries.empty()) last.push_back(append_to_feed(entries));
  last.emplace_back("COMMIT");
  committing_ = true;
  const std::vector<Result> results = connection_->run(last);
  committing_ = false;
  // It says so without an error when it has rolled back instead.
  if (results.back().done() != "COMMIT") {
    throw Failure(Cause::misfitting, Kind::internal,
                  fmt::format("{} did not commit: it answers {}", address_.shown(), results.back().done()));
  }
  if (entries.empty()) return {};

  auto sequence = static_cast<std::uint64_t>(results.front().integer(0, 0)) - entries.size();
  std::vector<FeedEntry> fresh;
  for (Request& request : batch) {
    if (request.refusal) continue;
    for (FeedEntry& entry : request.changes.feed) {
      entry.sequence = ++sequence;
      fresh.push_back(std::move(entry));
    }
  }
  since_pruning_ += fresh.size();
  return fresh;
}

std::vector<FeedEntry> Writer::with_missed(std::vector<FeedEntry> fresh) {
  if (fresh.empty()) return fresh;
  const std::uint64_t first = fresh.front().sequence, last = fresh.back().sequence;
  if (first > told_ + 1) {
    try {
      std::vector<FeedEntry> missed = read_feed(*connection_, told_, first - told_ - 1);
      fresh.insert(fresh.begin(), std::make_move_iterator(missed.begin()),
                   std::make_move_iterator(missed.end()));
    } catch (const Error& error) {
      // The commit stands. The listeners get these with the next, in their order.
      base::log::warn("the feed is told later: {}", error.what());
      return {};
    }
  }
  told_ = last;
  return fresh;
}

std::optional<Statement> Writer::pruning(const std::vector<Request>& batch) {
  const FeedEntry* newest = nullptr;
  for (const Request& request : batch) {
    if (!request.changes.feed.empty()) newest = &request.changes.feed.back();
  }
  if (newest == nullptr || since_pruning_ < options_.prune_every) return std::nullopt;
  // What other servers delete just now is left to them. The newest entry is never reached: it is `told_` or
  // later.
  Statement statement(
      "DELETE FROM feed WHERE sequence = ANY(ARRAY(SELECT sequence FROM feed"
      " WHERE sequence < (SELECT min(sequence) FROM feed) + $1 AND sequence < $2"
      " AND (sequence <= $2 - $3 OR at < $4) ORDER BY sequence FOR UPDATE SKIP LOCKED))");
  statement.number(static_cast<std::int64_t>(std::max(prune_step, 2 * since_pruning_)));
  statement.number(static_cast<std::int64_t>(told_));
  statement.number(static_cast<std::int64_t>(std::max<std::size_t>(options_.feed_entries, 1)));
  statement.number(base::to_millis(newest->at - options_.feed_age));
  since_pruning_ = 0;
  return statement;
}

}  // namespace gennaker::store::postgres
