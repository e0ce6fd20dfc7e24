#include "store/postgres/batch.h"

#include "base/json.h"
#include "store/stored_rows.h"

namespace gennaker::store::postgres {
namespace {

using Texts = std::vector<std::string_view>;
using Numbers = std::vector<std::optional<std::int64_t>>;

/// A column of rows as one array.
template <class Rows, class Column>
Texts texts_of(const Rows& rows, Column column) {
  Texts texts;
  texts.reserve(rows.size());
  for (const auto& row : rows) texts.emplace_back(column(row));
  return texts;
}

template <class Rows, class Column>
Numbers numbers_of(const Rows& rows, Column column) {
  Numbers numbers;
  numbers.reserve(rows.size());
  for (const auto& row : rows) numbers.push_back(column(row));
  return numbers;
}

std::optional<std::int64_t> millis(const std::optional<base::TimePoint>& time) {
  return time ? std::optional(base::to_millis(*time)) : std::nullopt;
}

Statement deletion(std::string sql, const std::set<std::string_view>& ids) {
  Statement statement(std::move(sql));
  statement.texts({ids.begin(), ids.end()});
  return statement;
}

}  // namespace

void DocumentVersions::mention(const Changes& changes) {
  for (const auto& expected : changes.expected) versions_[{expected.kind, expected.id}];
  for (const auto& document : changes.documents) versions_[{document.kind, document.id}];
}

Statement DocumentVersions::look_up() const {
  Statement statement(
      "SELECT name.kind, name.id, newest.version, newest.removed"
      " FROM unnest($1::text[], $2::text[]) AS name(kind, id)"
      " CROSS JOIN LATERAL (SELECT version, removed FROM documents"
      " WHERE documents.kind = name.kind AND documents.id = name.id"
      " ORDER BY version DESC LIMIT 1) AS newest");
  statement.texts(texts_of(versions_, [](const auto& entry) { return std::string_view(entry.first.first); }));
  statement.texts(
      texts_of(versions_, [](const auto& entry) { return std::string_view(entry.first.second); }));
  return statement;
}

void DocumentVersions::take(const Result& found) {
  for (int row = 0; row < found.rows(); ++row) {
    versions_[{std::string(found.text(row, 0)), std::string(found.text(row, 1))}] = {found.integer(row, 2),
                                                                                     found.truth(row, 3)};
  }
}

void DocumentVersions::check(const Changes::Expected& expected) const {
  const auto found = versions_.find({expected.kind, expected.id});
  const std::int64_t version = found == versions_.end() || found->second.removed ? 0 : found->second.version;
  if (version != expected.version) throw version_conflict(expected, version);
}

std::int64_t DocumentVersions::count(const Document& document) {
  Newest& newest = versions_[{document.kind, document.id}];
  if (document.removed && newest.removed) return 0;
  newest = {newest.version + 1, document.removed};
  return newest.version;
}

void ClaimHolders::mention(const Changes& changes) {
  for (const auto& claim : changes.claims) holders_[claim.name];
}

Statement ClaimHolders::look_up() const {
  Statement statement("SELECT name, holder FROM claims WHERE name = ANY($1)");
  statement.texts(texts_of(holders_, [](const auto& entry) { return std::string_view(entry.first); }));
  return statement;
}

void ClaimHolders::take(const Result& found) {
  for (int row = 0; row < found.rows(); ++row)
    holders_[std::string(found.text(row, 0))] = std::string(found.text(row, 1));
}

void ClaimHolders::check(const Claim& claim) const {
  const std::string& present = holders_.at(claim.name);
  if (present != claim.expected && present != claim.holder) throw ClaimTaken(claim.name);
}

void Batch::add(const Changes& changes, Decisions& decisions) {
  for (const auto& expected : changes.expected) decisions.versions.check(expected);
  for (const auto& claim : changes.claims) decisions.holders.check(claim);
  for (const auto& claim : changes.claims) {
    decisions.holders.give(claim);
    claims_[claim.name] = &claim;
  }
  for (const auto& command : changes.commands) commands_.push_back(&command);
  for (const auto& answer : changes.answers) answers_.push_back(&answer);
  for (const auto& row : changes.executions) executions_[row.id] = {&row, changes.lease};
  for (const auto& row : changes.stages) stages_[row.id] = &row;
  for (const auto& id : changes.removed_stages) {
    stages_.erase(id);
    removed_stages_.insert(id);
  }
  for (const auto& id : changes.removed_executions) {
    executions_.erase(id);
    std::erase_if(stages_, [&](const auto& entry) { return entry.second->execution_id == id; });
    removed_executions_.insert(id);
  }
  for (const auto& document : changes.documents) {
    if (const std::int64_t number = decisions.versions.count(document); number != 0)
      documents_.push_back({&document, number});
  }
}

std::vector<Statement> Batch::statements() const {
  std::vector<Statement> statements;
  // What was removed and written again is new, and without its old stages.
  if (!removed_executions_.empty())
    statements.push_back(deletion("DELETE FROM executions WHERE id = ANY($1)", removed_executions_));
  if (!removed_executions_.empty())
    statements.push_back(deletion("DELETE FROM claims WHERE execution_id = ANY($1) AND execution_id <> ''",
                                  removed_executions_));
  if (!removed_stages_.empty())
    statements.push_back(deletion("DELETE FROM stages WHERE id = ANY($1)", removed_stages_));
  if (!executions_.empty()) add_executions(statements);
  if (!stages_.empty()) add_stages(statements);
  if (!documents_.empty()) add_documents(statements);
  if (!commands_.empty()) add_commands(statements);
  if (!answers_.empty()) add_answers(statements);
  if (!claims_.empty()) add_claims(statements);
  return statements;
}

void Batch::add_executions(std::vector<Statement>& to) const {
  // What an execution is listed by never changes: leaving it out spares the indexes. Nor does a commit change
  // whose it is.
  Statement statement(
      "INSERT INTO executions(id, type, application, pipeline_config_id, correlation_id, build_time, active,"
      " status, name, start_time, end_time, header, owner)"
      " SELECT id, type::integer, application, config, correlation, build_time, active = 1, status, name,"
      " start_time, end_time, header, owner"
      " FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],"
      " $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::text[], $13::bigint[])"
      " AS fresh(id, type, application, config, correlation, build_time, active, status, name, start_time,"
      " end_time, header, owner)"
      " ON CONFLICT (id) DO UPDATE SET active = excluded.active, status = excluded.status,"
      " name = excluded.name, start_time = excluded.start_time, end_time = excluded.end_time,"
      " header = excluded.header");
  using Row = std::pair<const std::string_view, OwnedRow>;
  const auto texts = [&](auto column) { statement.texts(texts_of(executions_, column)); };
  const auto numbers = [&](auto column) { statement.numbers(numbers_of(executions_, column)); };
  texts([](const Row& row) { return row.first; });
  numbers([](const Row& row) { return static_cast<std::int64_t>(row.second.row->type); });
  texts([](const Row& row) { return std::string_view(row.second.row->application); });
  texts([](const Row& row) { return std::string_view(row.second.row->pipeline_config_id); });
  texts([](const Row& row) { return std::string_view(row.second.row->correlation_id); });
  numbers([](const Row& row) { return base::to_millis(row.second.row->build_time); });
  numbers([](const Row& row) { return std::int64_t{row.second.row->active}; });
  texts([](const Row& row) { return std::string_view(model::to_string(row.second.row->status)); });
  texts([](const Row& row) { return std::string_view(row.second.row->name); });
  numbers([](const Row& row) { return millis(row.second.row->start_time); });
  numbers([](const Row& row) { return millis(row.second.row->end_time); });
  texts([](const Row& row) { return std::string_view(row.second.row->header); });
  numbers([](const Row& row) { return static_cast<std::int64_t>(row.second.owner); });
  to.push_back(std::move(statement));
}

void Batch::add_stages(std::vector<Statement>& to) const {
  Statement statement(
      "INSERT INTO stages(id, execution_id, ordinal, outline, details)"
      " SELECT id, execution_id, ordinal::integer, outline, details"
      " FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[])"
      " AS fresh(id, execution_id, ordinal, outline, details)"
      " ON CONFLICT (id) DO UPDATE SET ordinal = excluded.ordinal, outline = excluded.outline,"
      " details = excluded.details");
  using Row = std::pair<const std::string_view, const StageRow*>;
  statement.texts(texts_of(stages_, [](const Row& row) { return row.first; }));
  statement.texts(
      texts_of(stages_, [](const Row& row) { return std::string_view(row.second->execution_id); }));
  statement.numbers(numbers_of(stages_, [](const Row& row) { return std::int64_t{row.second->ordinal}; }));
  statement.texts(texts_of(stages_, [](const Row& row) { return std::string_view(row.second->outline); }));
  statement.texts(texts_of(stages_, [](const Row& row) { return std::string_view(row.second->details); }));
  to.push_back(std::move(statement));
}

void Batch::add_documents(std::vector<Statement>& to) const {
  std::map<std::pair<std::string_view, std::string_view>, std::int64_t> newest;
  for (const Version& version : documents_)
    newest[{version.document->kind, version.document->id}] = version.number;
  std::vector<std::string> bodies;
  for (const Version& version : documents_)
    bodies.push_back(version.document->removed ? "{}" : base::to_text(version.document->body));

  Statement retire(
      "UPDATE documents SET current = false FROM unnest($1::text[], $2::text[]) AS name(kind, id)"
      " WHERE documents.kind = name.kind AND documents.id = name.id AND documents.current");
  retire.texts(texts_of(newest, [](const auto& entry) { return entry.first.first; }));
  retire.texts(texts_of(newest, [](const auto& entry) { return entry.first.second; }));
  to.push_back(std::move(retire));

  Statement statement(
      "INSERT INTO documents(kind, id, version, scope, current, removed, updated_at, updated_by, body)"
      " SELECT kind, id, version, scope, current = 1, removed = 1, updated_at, updated_by, body"
      " FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], "
      "$7::bigint[],"
      " $8::text[], $9::text[])"
      " AS fresh(kind, id, version, scope, current, removed, updated_at, updated_by, body)");
  const auto is_current = [&](const Version& version) {
    const Document& document = *version.document;
    return std::int64_t{!document.removed && newest.at({document.kind, document.id}) == version.number};
  };
  using Row = Version;
  statement.texts(texts_of(documents_, [](const Row& row) { return std::string_view(row.document->kind); }));
  statement.texts(texts_of(documents_, [](const Row& row) { return std::string_view(row.document->id); }));
  statement.numbers(numbers_of(documents_, [](const Row& row) { return row.number; }));
  statement.texts(texts_of(documents_, [](const Row& row) { return std::string_view(row.document->scope); }));
  statement.numbers(numbers_of(documents_, is_current));
  statement.numbers(
      numbers_of(documents_, [](const Row& row) { return std::int64_t{row.document->removed}; }));
  statement.numbers(
      numbers_of(documents_, [](const Row& row) { return base::to_millis(row.document->updated_at); }));
  statement.texts(
      texts_of(documents_, [](const Row& row) { return std::string_view(row.document->updated_by); }));
  statement.texts(texts_of(bodies, [](const std::string& body) { return std::string_view(body); }));
  to.push_back(std::move(statement));
}

void Batch::add_commands(std::vector<Statement>& to) const {
  Statement statement(
      "INSERT INTO commands(id, execution_id, slot_of, event)"
      " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING");
  using Row = const Command*;
  statement.texts(texts_of(commands_, [](Row row) { return std::string_view(row->id); }));
  statement.texts(texts_of(commands_, [](Row row) { return std::string_view(row->execution_id); }));
  statement.texts(texts_of(commands_, [](Row row) { return std::string_view(row->slot_of); }));
  statement.texts(texts_of(commands_, [](Row row) { return std::string_view(row->event); }));
  to.push_back(std::move(statement));
}

void Batch::add_answers(std::vector<Statement>& to) const {
  Statement statement(
      "UPDATE commands SET refusal = given.refusal, answered_at = now()"
      " FROM unnest($1::text[], $2::text[]) AS given(id, refusal)"
      " WHERE commands.id = given.id AND commands.refusal IS NULL");
  using Row = const Answer*;
  statement.texts(texts_of(answers_, [](Row row) { return std::string_view(row->command_id); }));
  statement.texts(texts_of(answers_, [](Row row) { return std::string_view(row->refusal); }));
  to.push_back(std::move(statement));
}

void Batch::add_claims(std::vector<Statement>& to) const {
  Statement statement(
      "INSERT INTO claims(name, holder, execution_id) SELECT * FROM unnest($1::text[], $2::text[], "
      "$3::text[])"
      " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, execution_id = excluded.execution_id");
  using Row = std::pair<const std::string_view, const Claim*>;
  statement.texts(texts_of(claims_, [](const Row& row) { return row.first; }));
  statement.texts(texts_of(claims_, [](const Row& row) { return std::string_view(row.second->holder); }));
  statement.texts(
      texts_of(claims_, [](const Row& row) { return std::string_view(row.second->execution_id); }));
  to.push_back(std::move(statement));
  std::set<std::string_view> freed;
  for (const Row& row : claims_) {
    if (row.second->holder.empty()) freed.insert(row.first);
  }
  if (freed.empty()) return;
  to.push_back(deletion("DELETE FROM claims WHERE name = ANY($1)", freed));
}

Statement append_to_feed(const std::vector<const FeedEntry*>& entries) {
  Statement statement(
      "WITH head AS (UPDATE feed_head SET sequence = sequence + $1 RETURNING sequence),"
      " written AS (INSERT INTO feed(sequence, at, kind, application, subject, body)"
      " SELECT head.sequence - $1 + number, at, kind, application, subject, body"
      " FROM head, unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])"
      " WITH ORDINALITY AS fresh(at, kind, application, subject, body, number))"
      " SELECT sequence FROM head");
  using Row = const FeedEntry*;
  statement.number(static_cast<std::int64_t>(entries.size()));
  statement.numbers(numbers_of(entries, [](Row row) { return base::to_millis(row->at); }));
  statement.texts(texts_of(entries, [](Row row) { return std::string_view(row->kind); }));
  statement.texts(texts_of(entries, [](Row row) { return std::string_view(row->application); }));
  statement.texts(texts_of(entries, [](Row row) { return std::string_view(row->subject); }));
  statement.texts(texts_of(entries, [](Row row) { return std::string_view(row->body); }));
  return statement;
}

}  // namespace gennaker::store::postgres
