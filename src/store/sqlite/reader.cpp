#include "store/sqlite/reader.h"

#include <climits>

#include "store/stored_rows.h"

namespace gennaker::store::sqlite {
namespace {

std::int64_t to_limit(std::size_t count) {
  return static_cast<std::int64_t>(std::min<std::size_t>(count, INT64_MAX));
}

void read_stages(Database& database, model::Execution& execution, model::Detail detail) {
  const bool full = detail == model::Detail::full;
  auto rows = database.prepare(full ? "SELECT ordinal, outline, details FROM stages WHERE execution_id = ?"
                                    : "SELECT ordinal, outline FROM stages WHERE execution_id = ?");
  rows.bind_all(execution.id);
  while (rows.step()) {
    execution.stages.push_back(
        stored_stage(rows.integer(0), rows.text(1), full ? std::optional(rows.text(2)) : std::nullopt));
  }
  model::sort_for_display(execution.stages);
}

model::Execution execution_of(Database& database, std::string_view header, model::Detail detail) {
  model::Execution execution = model::execution_from_json(stored_json(header, "an execution's header"));
  read_stages(database, execution, detail);
  return execution;
}

/// One search: an index to walk in the order of the list, and what must hold. Several searches, one for each
/// pipeline configuration, are merged, so that each stops at the list's end.
struct Search {
  std::string sql;
  std::vector<std::string> texts;
  std::vector<std::int64_t> numbers;
};

std::string_view index_for(const ExecutionQuery& query, bool by_config) {
  if (asks_for_unfinished(query)) return by_config ? "unfinished_by_config" : "unfinished_by_application";
  if (!query.correlation_id.empty()) return "executions_by_correlation";
  if (by_config) return "executions_by_config";
  return query.application.empty() ? "executions_by_time" : "executions_by_application";
}

/// `config`: nullptr for a search over all configurations.
Search search_for(const ExecutionQuery& query, const std::string* config) {
  Search search;
  std::string where;
  const auto need = [&](std::string_view condition) {
    where += where.empty() ? " WHERE " : " AND ";
    where += condition;
  };
  const auto need_text = [&](std::string_view column, const std::string& text) {
    // The second half lets SQLite use the indexes that leave out empty texts.
    need(fmt::format("{0} = ? AND {0} <> ''", column));
    search.texts.push_back(text);
  };
  if (config) need_text("pipeline_config_id", *config);
  if (!query.correlation_id.empty()) need_text("correlation_id", query.correlation_id);
  if (!query.application.empty()) need_text("application", query.application);
  if (!query.statuses.empty()) {
    std::string list;
    for (const model::Status status : query.statuses) {
      list += list.empty() ? "?" : ", ?";
      search.texts.emplace_back(model::to_string(status));
    }
    need(fmt::format("status IN ({})", list));
    if (asks_for_unfinished(query)) need("complete = 0");
  }
  const auto need_number = [&](std::string_view condition, std::int64_t number) {
    need(condition);
    search.numbers.push_back(number);
  };
  if (query.type) need_number("type = ?", static_cast<std::int64_t>(*query.type));
  if (query.built_from) need_number("build_time >= ?", base::to_millis(*query.built_from));
  if (query.built_to) need_number("build_time <= ?", base::to_millis(*query.built_to));
  const std::string_view direction = query.oldest_first ? "ASC" : "DESC";
  search.sql = fmt::format(
      "SELECT build_time, id FROM executions INDEXED BY {}{} ORDER BY build_time {}, id {} LIMIT ?",
      index_for(query, config != nullptr), where, direction, direction);
  return search;
}

std::vector<Search> searches_for(const ExecutionQuery& query) {
  // Who runs with one cause is few, so one search and a look at each row is enough.
  std::vector<Search> searches;
  std::set<std::string> configs(query.pipeline_config_ids.begin(), query.pipeline_config_ids.end());
  configs.erase("");
  if (query.pipeline_config_ids.empty()) {
    searches.push_back(search_for(query, nullptr));
  } else {
    for (const std::string& config : configs) searches.push_back(search_for(query, &config));
  }
  return searches;
}

void run_search(Database& database, const Search& search, std::size_t count, std::vector<ListPlace>& found) {
  auto rows = database.prepare(search.sql);
  int parameter = 0;
  for (const std::string& text : search.texts) rows.bind(++parameter, std::string_view(text));
  for (const std::int64_t number : search.numbers) rows.bind(++parameter, number);
  rows.bind(++parameter, to_limit(count));
  while (rows.step()) found.push_back({base::from_millis(rows.integer(0)), std::string(rows.text(1))});
}

std::vector<ListPlace> find_places(Database& database, const ExecutionQuery& query) {
  const std::vector<Search> searches = searches_for(query);
  std::vector<ListPlace> places;
  for (const Search& search : searches) run_search(database, search, places_wanted(query), places);
  merge_places(query, places);
  return places;
}

constexpr std::string_view document_columns =
    "SELECT kind, id, scope, version, updated_at, updated_by, removed, body FROM documents ";

Document document_of(const Statement& row) {
  Document document{.kind = std::string(row.text(0)),
                    .id = std::string(row.text(1)),
                    .scope = std::string(row.text(2)),
                    .version = row.integer(3),
                    .updated_at = row.time(4),
                    .updated_by = std::string(row.text(5)),
                    .removed = row.integer(6) != 0,
                    .body = {}};
  document.body = stored_json(row.text(7), "a document");
  return document;
}

std::vector<Document> documents_of(Statement& rows) {
  std::vector<Document> documents;
  while (rows.step()) documents.push_back(document_of(rows));
  return documents;
}

}  // namespace

std::vector<std::string> execution_searches(const ExecutionQuery& query) {
  std::vector<std::string> texts;
  for (Search& search : searches_for(query)) texts.push_back(std::move(search.sql));
  return texts;
}

std::optional<model::Execution> read_execution(Database& database, const std::string& id) {
  const Transaction moment(database, Transaction::Kind::read);
  auto row = database.prepare("SELECT header FROM executions WHERE id = ?");
  row.bind_all(id);
  if (!row.step()) return std::nullopt;
  return execution_of(database, row.text(0), model::Detail::full);
}

std::vector<model::Execution> read_executions(Database& database, const ExecutionQuery& query,
                                              model::Detail detail) {
  const Transaction moment(database, Transaction::Kind::read);
  std::vector<model::Execution> executions;
  for (const ListPlace& place : find_places(database, query)) {
    auto row = database.prepare("SELECT header FROM executions WHERE id = ?");
    row.bind_all(place.id);
    if (row.step()) executions.push_back(execution_of(database, row.text(0), detail));
  }
  return executions;
}

std::vector<std::string> read_unfinished(Database& database) {
  auto rows = database.prepare(
      "SELECT id FROM executions INDEXED BY unfinished_by_application WHERE complete = 0 ORDER BY id");
  std::vector<std::string> ids;
  while (rows.step()) ids.emplace_back(rows.text(0));
  return ids;
}

std::optional<Document> read_document(Database& database, const std::string& kind, const std::string& id) {
  auto row = database.prepare(fmt::format("{}WHERE kind = ? AND id = ? AND current = 1", document_columns));
  row.bind_all(kind, id);
  if (!row.step()) return std::nullopt;
  return document_of(row);
}

std::vector<Document> read_documents(Database& database, const std::string& kind,
                                     const std::optional<std::string>& scope) {
  if (scope) {
    auto rows = database.prepare(
        fmt::format("{}WHERE kind = ? AND scope = ? AND current = 1 ORDER BY id", document_columns));
    rows.bind_all(kind, *scope);
    return documents_of(rows);
  }
  auto rows = database.prepare(fmt::format("{}WHERE kind = ? AND current = 1 ORDER BY id", document_columns));
  rows.bind_all(kind);
  return documents_of(rows);
}

std::vector<Document> read_history(Database& database, const std::string& kind, const std::string& id,
                                   std::size_t limit) {
  auto rows = database.prepare(
      fmt::format("{}WHERE kind = ? AND id = ? ORDER BY version DESC LIMIT ?", document_columns));
  rows.bind_all(kind, id, to_limit(limit));
  return documents_of(rows);
}

std::vector<FeedEntry> read_feed(Database& database, std::uint64_t after, std::size_t limit) {
  auto rows = database.prepare(
      "SELECT sequence, at, kind, application, subject, body FROM feed WHERE sequence > ? ORDER BY sequence"
      " LIMIT ?");
  rows.bind_all(to_limit(after), to_limit(limit));
  std::vector<FeedEntry> entries;
  while (rows.step()) {
    entries.push_back({.sequence = static_cast<std::uint64_t>(rows.integer(0)),
                       .at = rows.time(1),
                       .kind = std::string(rows.text(2)),
                       .application = std::string(rows.text(3)),
                       .subject = std::string(rows.text(4)),
                       .body = std::string(rows.text(5))});
  }
  return entries;
}

Store::FeedRange read_feed_range(Database& database) {
  // Two look-ups: SQLite turns min or max alone into a step to the end of the table.
  auto row = database.prepare("SELECT (SELECT min(sequence) FROM feed), (SELECT max(sequence) FROM feed)");
  if (!row.step()) return {};
  return {static_cast<std::uint64_t>(row.integer(0)), static_cast<std::uint64_t>(row.integer(1))};
}

std::vector<Command> read_commands(Database& database) {
  auto rows = database.prepare(
      "SELECT id, execution_id, event, slot_of FROM commands INDEXED BY open_commands WHERE refusal IS NULL"
      " ORDER BY row");
  std::vector<Command> commands;
  while (rows.step()) {
    commands.push_back({std::string(rows.text(0)), std::string(rows.text(1)), std::string(rows.text(2)),
                        std::string(rows.text(3))});
  }
  return commands;
}

std::vector<std::string> read_starting(Database& database, const std::string& pipeline_config_id) {
  auto rows = database.prepare("SELECT execution_id FROM commands WHERE slot_of = ? AND refusal IS NULL");
  rows.bind_all(pipeline_config_id);
  std::vector<std::string> ids;
  while (rows.step()) ids.emplace_back(rows.text(0));
  return ids;
}

std::vector<Answer> read_answers(Database& database, const std::vector<std::string>& command_ids) {
  std::vector<Answer> answers;
  for (const std::string& id : command_ids) {
    auto row = database.prepare("SELECT refusal FROM commands WHERE id = ? AND refusal IS NOT NULL");
    row.bind_all(id);
    if (row.step()) answers.push_back({id, std::string(row.text(0))});
  }
  return answers;
}

std::string read_holder(Database& database, const std::string& name) {
  auto row = database.prepare("SELECT holder FROM claims WHERE name = ?");
  row.bind_all(name);
  return row.step() ? std::string(row.text(0)) : std::string();
}

std::vector<Claim> read_claims(Database& database, const std::string& prefix) {
  std::string end = prefix;
  ++end.back();
  auto row = database.prepare(
      "SELECT name, holder, execution_id FROM claims WHERE name >= ? AND name < ? ORDER BY name");
  row.bind_all(prefix, end);
  std::vector<Claim> claims;
  while (row.step()) {
    claims.push_back({.name = std::string(row.text(0)),
                      .expected = "",
                      .holder = std::string(row.text(1)),
                      .execution_id = std::string(row.text(2))});
  }
  return claims;
}

}  // namespace gennaker::store::sqlite
