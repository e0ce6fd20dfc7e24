#include "store/postgres/writer.h"

#include <poll.h>

#include "base/logging.h"
#include "store/postgres/reader.h"
#include "store/postgres/schema.h"

namespace gennaker::store::postgres {
namespace {

using base::Error;
using base::Kind;
using std::chrono::milliseconds, std::chrono::steady_clock;
using Cause = Failure::Cause;

// A commit that another server's disturbs, and one by one after together.
constexpr int attempts = 4;
// At least so many old entries go at a time, when that many are too old.
constexpr std::size_t prune_step = 4096;

/// Who has given up waiting, or has gone without the database noticing, must not keep the locks of its
/// transaction: nor its lease, which others wait for when it has gone. Ends with the transaction.
Statement limits(const PostgresOptions& options) {
  return Statement(
      fmt::format("SELECT set_config('statement_timeout', '{}', true),"
                  " set_config('idle_in_transaction_session_timeout', '{}', true)",
                  2 * options.answer_patience.count(), 2 * options.heartbeat.count()));
}

/// This commit was written by an attempt whose answer was lost.
struct WrittenBefore {};

/// While it is not known whether a commit was written, its connection is made anew for so long; for a new
/// lease it waits as long.
constexpr std::chrono::seconds doubt_patience{5};
constexpr milliseconds between_doubts{50};

/// On the queue's own thread, which has nothing better to do.
void pause() {
  poll(nullptr, 0, static_cast<int>(between_doubts.count()));
}

std::vector<std::exception_ptr> refusals_of(const std::vector<CommitQueue::Request>& batch) {
  std::vector<std::exception_ptr> refusals;
  for (const auto& request : batch) refusals.push_back(request.refusal);
  return refusals;
}

/// At most so many entries of others are read at a time.
constexpr std::size_t catch_up_step = 1'000;

}  // namespace

Writer::Writer(const Address& address, PostgresOptions options, Membership& membership)
    : address_(address),
      options_(options),
      connection_(std::in_place, address, options.answer_patience),
      membership_(membership),
      told_(static_cast<std::uint64_t>(connection_->run("SELECT sequence FROM feed_head").integer(0, 0))),
      queue_([this](std::vector<Request>& batch) { return write(batch); }) {
  membership_.on_news([this] { queue_.poke(); });
}

Writer::~Writer() {
  membership_.on_news(nullptr);
}

bool Writer::refuse_stale(std::vector<Request>& batch) const {
  const Lease present = membership_.lease();
  bool any = false;
  for (Request& request : batch) {
    const Lease lease = request.changes.lease;
    const bool stale = lease != 0 && (lease != present || lease == gone_);
    request.refusal = stale ? std::make_exception_ptr(LeaseLost()) : nullptr;
    any = any || !stale;
  }
  return any;
}

std::vector<FeedEntry> Writer::write(std::vector<Request>& batch) {
  if (batch.empty()) return catch_up();
  Manner manner = Manner::together;
  std::vector<std::exception_ptr> refusals;  // by the attempt that is in doubt
  steady_clock::time_point doubted_until;
  in_doubt_ = false;
  for (int attempt = 1;; ++attempt) {
    if (!refuse_stale(batch)) return {};
    wait_for_lease();
    committing_ = false;
    const bool kept = connection_ && connection_->alive();
    try {
      if (!kept) connection_.emplace(address_, options_.answer_patience);
      return transact(batch, manner);
    } catch (const WrittenBefore&) {
      for (std::size_t i = 0; i < batch.size(); ++i) batch[i].refusal = refusals[i];
      return catch_up();
    } catch (const LeaseLost&) {
      gone_ = held_;
      membership_.missing(held_);
      --attempt;
    } catch (const Failure& failure) {
      if (failure.ends_connection()) connection_.reset();
      if (failure.ends_connection() && committing_) {
        if (!in_doubt_) doubted_until = steady_clock::now() + doubt_patience;
        in_doubt_ = true;
        refusals = refusals_of(batch);
      }
      if (failure.ends_connection() && in_doubt_) {
        if (steady_clock::now() < doubted_until) {
          pause();
          --attempt;
          continue;
        }
        commits_.reset();
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
  held_ = membership_.lease();
  if (!commits_ || commits_->lease != held_) learn_commits(held_);
  const Rollback rollback(*connection_);
  opening_.assign({Statement("BEGIN"), limits(options_), next_commit(*commits_)});
  Decisions decisions = lock_decisions(batch);
  std::vector<Statement> first;
  if (auto old = pruning(batch)) first.push_back(std::move(*old));
  if (!first.empty() || manner == Manner::one_by_one) run_first(std::move(first));
  if (manner == Manner::together) {
    write_together(batch, decisions);
  } else {
    write_one_by_one(batch, decisions);
  }
  return with_missed(publish_and_commit(batch));
}

Statement Writer::next_commit(const Commits& after) {
  Statement statement("UPDATE replicas SET commits = commits + 1 WHERE id = $1 AND commits = $2");
  statement.number(static_cast<std::int64_t>(after.lease));
  statement.number(after.count);
  return statement;
}

void Writer::learn_commits(Lease lease) {
  commits_.reset();
  Statement statement("SELECT commits FROM replicas WHERE id = $1");
  statement.number(static_cast<std::int64_t>(lease));
  const Result found = connection_->run(statement);
  if (found.rows() == 0) throw LeaseLost();
  commits_ = Commits{lease, found.integer(0, 0)};
}

void Writer::explain_uncounted() {
  const std::int64_t expected = commits_->count;
  learn_commits(held_);
  if (in_doubt_ && commits_->count == expected + 1) throw WrittenBefore();
  throw Failure(Cause::busy, Kind::unavailable,
                fmt::format("{} counts {} commits of this server instead of {}", address_.shown(),
                            commits_->count, expected));
}

/// Others have given this server up: it is about to join them anew.
void Writer::wait_for_lease() {
  const auto until = steady_clock::now() + doubt_patience;
  while (gone_ != 0 && membership_.lease() == gone_) {
    if (steady_clock::now() > until) throw LeaseLost();
    pause();
  }
}

std::vector<Result> Writer::run_first(std::vector<Statement> statements) {
  if (opening_.empty()) return connection_->run(statements);
  const std::size_t opening = opening_.size();
  std::vector<Statement> all = std::exchange(opening_, {});
  std::move(statements.begin(), statements.end(), std::back_inserter(all));
  std::vector<Result> results = connection_->run(all);
  if (results[opening - 1].done() != "UPDATE 1") explain_uncounted();
  results.erase(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(opening));
  return results;
}

Decisions Writer::lock_decisions(const std::vector<Request>& batch) {
  Decisions decisions;
  for (const Request& request : batch) {
    decisions.versions.mention(request.changes);
    decisions.holders.mention(request.changes);
  }
  if (decisions.empty()) return decisions;
  // Apart from the lock: what they see is what the lock's last holder has left.
  const std::vector<Result> found = run_first({Statement("SELECT holders FROM document_lock FOR UPDATE"),
                                               decisions.versions.look_up(), decisions.holders.look_up()});
  decisions.versions.take(found[1]);
  decisions.holders.take(found[2]);
  return decisions;
}

void Writer::write_together(std::vector<Request>& batch, Decisions& decisions) {
  Batch rows;
  for (Request& request : batch) {
    if (request.refusal) continue;
    try {
      rows.add(request.changes, decisions);
    } catch (const Error&) {
      request.refusal = std::current_exception();
    }
  }
  std::vector<Statement> statements = rows.statements();
  if (!statements.empty() || !opening_.empty()) run_first(std::move(statements));
}

void Writer::write_one_by_one(std::vector<Request>& batch, Decisions& decisions) {
  for (Request& request : batch) {
    if (request.refusal) continue;
    const Decisions before = decisions;
    try {
      Batch rows;
      rows.add(request.changes, decisions);
      std::vector<Statement> statements = rows.statements();
      if (statements.empty()) continue;
      statements.insert(statements.begin(), Statement("SAVEPOINT one"));
      statements.emplace_back("RELEASE SAVEPOINT one");
      connection_->run(statements);
    } catch (const Failure& failure) {
      if (failure.cause() != Cause::refused) throw;
      request.refusal = std::current_exception();
      decisions = before;
      connection_->run("ROLLBACK TO SAVEPOINT one");
    } catch (const Error&) {
      request.refusal = std::current_exception();
    }
  }
}

void Writer::add_notices(const std::vector<Request>& batch, std::vector<Statement>& to) const {
  bool has_news = false, has_mail = false;
  for (const Request& request : batch) {
    if (request.refusal) continue;
    has_news = has_news || !request.changes.feed.empty();
    has_mail = has_mail || !request.changes.commands.empty() || !request.changes.answers.empty();
  }
  if (has_mail) to.emplace_back("UPDATE feed_head SET mail = mail + 1");
  if (membership_.alone()) return;
  if (has_news) to.push_back(notify(news));
  if (has_mail) to.push_back(notify(mail));
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
  add_notices(batch, last);
  last.emplace_back("COMMIT");
  committing_ = true;
  const std::vector<Result> results = connection_->run(last);
  committing_ = false;
  // It says so without an error when it has rolled back instead.
  if (results.back().done() != "COMMIT") {
    throw Failure(Cause::misfitting, Kind::internal,
                  fmt::format("{} did not commit: it answers {}", address_.shown(), results.back().done()));
  }
  ++commits_->count;
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

/// What others wrote, when nothing of this server's own makes it look.
std::vector<FeedEntry> Writer::catch_up() {
  try {
    if (!connection_ || !connection_->alive()) connection_.emplace(address_, options_.answer_patience);
    std::vector<FeedEntry> fresh = read_feed(*connection_, told_, catch_up_step);
    if (fresh.empty()) return fresh;
    told_ = fresh.back().sequence;
    if (fresh.size() == catch_up_step) queue_.poke();
    return fresh;
  } catch (const Failure& failure) {
    if (failure.ends_connection()) connection_.reset();
    membership_.tell_again();
    return {};
  }
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
