#include "store/sqlite/writer.h"

#include "base/error.h"
#include "base/json.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/schema.h"
#include "store/stored_rows.h"

namespace gennaker::store::sqlite {
namespace {

using base::Error;

// At most so many old entries go with one commit; at least as many as a batch usually adds.
constexpr std::int64_t prune_step = 4096;

void write_execution(Database& database, const ExecutionRow& row) {
  // What an execution is listed by never changes: leaving it out spares the indexes.
  auto statement = database.prepare(
      "INSERT INTO executions(id, type, application, pipeline_config_id, correlation_id, build_time, "
      "complete,"
      " status, name, start_time, end_time, header) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT(id) DO UPDATE SET complete = excluded.complete, status = excluded.status,"
      " name = excluded.name, start_time = excluded.start_time, end_time = excluded.end_time,"
      " header = excluded.header");
  statement.bind_all(row.id, static_cast<int>(row.type), row.application, row.pipeline_config_id,
                     row.correlation_id, row.build_time, !row.active, model::to_string(row.status), row.name,
                     row.start_time, row.end_time, row.header);
  statement.run();
}

void write_stage(Database& database, const StageRow& row) {
  auto statement = database.prepare(
      "INSERT INTO stages(id, execution_id, ordinal, outline, details) VALUES(?, ?, ?, ?, ?)"
      " ON CONFLICT(id) DO UPDATE SET ordinal = excluded.ordinal, outline = excluded.outline,"
      " details = excluded.details");
  statement.bind_all(row.id, row.execution_id, row.ordinal, row.outline, row.details);
  statement.run();
}

void remove(Database& database, std::string_view sql, const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    auto statement = database.prepare(sql);
    statement.bind_all(id);
    statement.run();
  }
}

// So many commands are kept with their answers.
constexpr std::int64_t commands_kept = 10'000;

void write_command(Database& database, const Command& command) {
  auto statement = database.prepare(
      "INSERT INTO commands(id, execution_id, slot_of, event) VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING");
  statement.bind_all(command.id, command.execution_id, command.slot_of, command.event);
  statement.run();
}

void write_answers(Database& database, const std::vector<Answer>& answers) {
  for (const Answer& answer : answers) {
    auto statement = database.prepare("UPDATE commands SET refusal = ? WHERE id = ? AND refusal IS NULL");
    statement.bind_all(answer.refusal, answer.command_id);
    statement.run();
  }
  if (answers.empty()) return;
  auto prune = database.prepare(
      "DELETE FROM commands WHERE row <= (SELECT max(row) FROM commands) - ? AND refusal IS NOT NULL");
  prune.bind_all(commands_kept);
  prune.run();
}

void write_claim(Database& database, const Claim& claim) {
  const std::string holder = read_holder(database, claim.name);
  if (holder != claim.expected && holder != claim.holder) throw ClaimTaken(claim.name);
  if (claim.holder.empty()) return remove(database, "DELETE FROM claims WHERE name = ?", {claim.name});
  auto statement = database.prepare(
      "INSERT INTO claims(name, holder, execution_id) VALUES(?, ?, ?) ON CONFLICT(name) DO UPDATE SET"
      " holder = excluded.holder, execution_id = excluded.execution_id");
  statement.bind_all(claim.name, claim.holder, claim.execution_id);
  statement.run();
}

std::int64_t current_version(Database& database, const std::string& kind, const std::string& id) {
  auto statement =
      database.prepare("SELECT version FROM documents WHERE kind = ? AND id = ? AND current = 1");
  statement.bind_all(kind, id);
  return statement.step() ? statement.integer(0) : 0;
}

}  // namespace

Writer::Writer(const std::filesystem::path& file, SqliteOptions options)
    : options_(options),
      database_(file, Database::Access::read_write),
      queue_([this](std::vector<Request>& batch) { return write(batch); }) {
  database_.set_lock_patience(options.lock_patience);
  check_owner(database_, file);
  refuse_unfinished_copy(database_, file);
  // FULL syncs the log with every commit. The checkpoint limit trades the log's size (16 MiB) for fewer syncs
  // of the database file.
  database_.run(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA mmap_size = 0;"
      "PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4096;"
      "PRAGMA journal_size_limit = 33554432");
  migrate(database_);
}

std::vector<FeedEntry> Writer::write(std::vector<Request>& batch) {
  fresh_.clear();
  Transaction transaction(database_, Transaction::Kind::write);
  for (Request& request : batch) write_one(request);
  if (!fresh_.empty()) prune_feed();
  transaction.commit();
  return std::exchange(fresh_, {});
}

void Writer::write_one(Request& request) {
  const std::size_t fresh_before = fresh_.size();
  database_.prepare("SAVEPOINT one").run();
  try {
    apply(request.changes);
  } catch (const Error& error) {
    // Some errors (disk full) have already undone the whole transaction.
    if (!database_.in_transaction() || error.worth_retrying()) throw;
    request.refusal = std::current_exception();
  }
  if (request.refusal) {
    fresh_.resize(fresh_before);
    database_.prepare("ROLLBACK TO one").run();
  }
  database_.prepare("RELEASE one").run();
}

void Writer::apply(Changes& changes) {
  for (const auto& expected : changes.expected) check(expected);
  for (const auto& claim : changes.claims) write_claim(database_, claim);
  for (const auto& row : changes.executions) write_execution(database_, row);
  for (const auto& row : changes.stages) write_stage(database_, row);
  remove(database_, "DELETE FROM stages WHERE id = ?", changes.removed_stages);
  remove(database_, "DELETE FROM executions WHERE id = ?", changes.removed_executions);
  remove(database_, "DELETE FROM claims WHERE execution_id = ? AND execution_id <> ''",
         changes.removed_executions);
  for (const auto& command : changes.commands) write_command(database_, command);
  write_answers(database_, changes.answers);
  for (const auto& document : changes.documents) write_document(document);
  write_feed(changes.feed);
}

void Writer::check(const Changes::Expected& expected) {
  const std::int64_t version = current_version(database_, expected.kind, expected.id);
  if (version != expected.version) throw version_conflict(expected, version);
}

void Writer::write_document(const Document& document) {
  const std::int64_t current = current_version(database_, document.kind, document.id);
  if (document.removed && current == 0) return;
  auto newest = database_.prepare("SELECT max(version) FROM documents WHERE kind = ? AND id = ?");
  newest.bind_all(document.kind, document.id);
  const std::int64_t version = (newest.step() ? newest.integer(0) : 0) + 1;
  if (current != 0) {
    auto retire =
        database_.prepare("UPDATE documents SET current = 0 WHERE kind = ? AND id = ? AND current = 1");
    retire.bind_all(document.kind, document.id);
    retire.run();
  }
  const std::string body = document.removed ? "{}" : base::to_text(document.body);
  auto statement = database_.prepare(
      "INSERT INTO documents(kind, id, version, scope, current, removed, updated_at, updated_by, body)"
      " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
  statement.bind_all(document.kind, document.id, version, document.scope, !document.removed, document.removed,
                     document.updated_at, document.updated_by, body);
  statement.run();
}

void Writer::write_feed(std::vector<FeedEntry>& entries) {
  for (FeedEntry& entry : entries) {
    auto statement =
        database_.prepare("INSERT INTO feed(at, kind, application, subject, body) VALUES(?, ?, ?, ?, ?)");
    statement.bind_all(entry.at, entry.kind, entry.application, entry.subject, entry.body);
    statement.run();
    entry.sequence = static_cast<std::uint64_t>(database_.last_row());
    fresh_.push_back(std::move(entry));
  }
}

void Writer::prune_feed() {
  std::int64_t oldest = 0;
  base::TimePoint oldest_at{};
  {
    auto first = database_.prepare("SELECT sequence, at FROM feed ORDER BY sequence LIMIT 1");
    if (!first.step()) return;
    oldest = first.integer(0);
    oldest_at = first.time(1);
  }
  // The newest entry stays: it is where the numbers go on from.
  const FeedEntry& newest = fresh_.back();
  const auto newest_sequence = static_cast<std::int64_t>(newest.sequence);
  const std::int64_t last = std::min(oldest + prune_step, newest_sequence) - 1;
  const auto keep = static_cast<std::int64_t>(std::max<std::size_t>(options_.feed_entries, 1));
  const std::int64_t beyond_number = std::min(newest_sequence - keep, last);
  if (beyond_number >= oldest) {
    auto by_number = database_.prepare("DELETE FROM feed WHERE sequence <= ?");
    by_number.bind_all(beyond_number);
    by_number.run();
  }
  const base::TimePoint horizon = newest.at - options_.feed_age;
  if (oldest_at < horizon) {
    auto by_age = database_.prepare("DELETE FROM feed WHERE sequence <= ? AND at < ?");
    by_age.bind_all(last, horizon);
    by_age.run();
  }
}

}  // namespace gennaker::store::sqlite
