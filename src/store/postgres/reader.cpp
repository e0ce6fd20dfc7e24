#include "store/postgres/reader.h"

#include <algorithm>
#include <map>
#include <set>

#include "store/stored_rows.h"

namespace gennaker::store::postgres {
namespace {

constexpr std::string_view one_moment = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
// An answer is in memory as a whole: so many executions are read at a time.
constexpr std::size_t executions_at_a_time = 64;

std::int64_t to_limit(std::size_t count) {
  return static_cast<std::int64_t>(std::min<std::size_t>(count, INT64_MAX));
}

std::vector<std::string> first_column(const Result& found) {
  std::vector<std::string> texts;
  for (int row = 0; row < found.rows(); ++row) texts.emplace_back(found.text(row, 0));
  return texts;
}

/// Reads headers and stages of executions, in the order of their ids.
std::vector<Statement> readings(const std::vector<std::string_view>& ids, model::Detail detail) {
  Statement headers(
      "SELECT wanted.id, executions.header FROM unnest($1::text[]) WITH ORDINALITY AS wanted(id, number)"
      " JOIN executions ON executions.id = wanted.id ORDER BY wanted.number");
  headers.texts(ids);
  Statement stages(
      detail == model::Detail::full
          ? "SELECT execution_id, ordinal, outline, details FROM stages WHERE execution_id = ANY($1)"
          : "SELECT execution_id, ordinal, outline FROM stages WHERE execution_id = ANY($1)");
  stages.texts(ids);
  return {std::move(headers), std::move(stages)};
}

std::vector<model::Execution> assembled(const Result& headers, const Result& stages, model::Detail detail) {
  std::map<std::string_view, std::vector<model::Stage>> stages_of;
  for (int row = 0; row < stages.rows(); ++row) {
    std::optional<std::string_view> details;
    if (detail == model::Detail::full) details = stages.text(row, 3);
    stages_of[stages.text(row, 0)].push_back(
        stored_stage(stages.integer(row, 1), stages.text(row, 2), details));
  }
  std::vector<model::Execution> executions;
  for (int row = 0; row < headers.rows(); ++row) {
    model::Execution execution =
        model::execution_from_json(stored_json(headers.text(row, 1), "an execution's header"));
    execution.stages = std::move(stages_of[headers.text(row, 0)]);
    model::sort_for_display(execution.stages);
    executions.push_back(std::move(execution));
  }
  return executions;
}

/// The conditions of a search, each of which holds for the column alone, and the parameters behind them.
std::string conditions(const ExecutionQuery& query, Statement& parameters) {
  std::string where;
  const auto need = [&](const std::string& condition) {
    where += where.empty() ? " WHERE " : " AND ";
    where += condition;
  };
  if (!query.pipeline_config_ids.empty()) {
    // The second half lets the indexes be used that leave out empty texts.
    need("executions.pipeline_config_id = config.id AND executions.pipeline_config_id <> ''");
  }
  if (!query.correlation_id.empty())
    need(fmt::format("correlation_id = {} AND correlation_id <> ''", parameters.text(query.correlation_id)));
  if (!query.application.empty()) need(fmt::format("application = {}", parameters.text(query.application)));
  if (!query.statuses.empty()) {
    std::string list;
    for (const model::Status status : query.statuses)
      list += (list.empty() ? "" : ", ") + parameters.text(model::to_string(status));
    need(fmt::format("status IN ({})", list));
    if (asks_for_unfinished(query)) need("active");
  }
  if (query.type) need(fmt::format("type = {}", parameters.number(static_cast<std::int64_t>(*query.type))));
  if (query.built_from)
    need(fmt::format("build_time >= {}", parameters.number(base::to_millis(*query.built_from))));
  if (query.built_to)
    need(fmt::format("build_time <= {}", parameters.number(base::to_millis(*query.built_to))));
  return where;
}

std::vector<ListPlace> find_places(const Result& found, const ExecutionQuery& query) {
  std::vector<ListPlace> places;
  for (int row = 0; row < found.rows(); ++row)
    places.push_back({found.time(row, 0), std::string(found.text(row, 1))});
  merge_places(query, places);
  return places;
}

constexpr std::string_view document_columns =
    "SELECT kind, id, scope, version, updated_at, updated_by, removed, body FROM documents ";

std::vector<Document> documents_of(const Result& found) {
  std::vector<Document> documents;
  for (int row = 0; row < found.rows(); ++row) {
    documents.push_back({.kind = std::string(found.text(row, 0)),
                         .id = std::string(found.text(row, 1)),
                         .scope = std::string(found.text(row, 2)),
                         .version = found.integer(row, 3),
                         .updated_at = found.time(row, 4),
                         .updated_by = std::string(found.text(row, 5)),
                         .removed = found.truth(row, 6),
                         .body = {}});
    documents.back().body = stored_json(found.text(row, 7), "a document");
  }
  return documents;
}

}  // namespace

Statement execution_search(const ExecutionQuery& query) {
  const std::string_view direction = query.oldest_first ? "ASC" : "DESC";
  Statement statement("");
  // One walk along an index for each configuration, which stops at the list's end.
  if (!query.pipeline_config_ids.empty()) {
    std::set<std::string_view> configs(query.pipeline_config_ids.begin(), query.pipeline_config_ids.end());
    statement.texts({configs.begin(), configs.end()});
    statement.append(
        "SELECT found.build_time, found.id FROM unnest($1::text[]) AS config(id) CROSS JOIN LATERAL (");
  }
  statement.append("SELECT executions.build_time, executions.id FROM executions");
  statement.append(conditions(query, statement));
  const std::string limit = statement.number(to_limit(places_wanted(query)));
  statement.append(fmt::format(" ORDER BY executions.build_time {}, executions.id {} LIMIT {}", direction,
                               direction, limit));
  if (!query.pipeline_config_ids.empty()) statement.append(") AS found");
  return statement;
}

std::optional<model::Execution> read_execution(Connection& connection, const std::string& id) {
  std::vector<Statement> statements = readings({id}, model::Detail::full);
  statements.insert(statements.begin(), Statement(std::string(one_moment)));
  statements.emplace_back("COMMIT");
  const Rollback rollback(connection);
  const std::vector<Result> results = connection.run(statements);
  std::vector<model::Execution> found = assembled(results[1], results[2], model::Detail::full);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<model::Execution> read_executions(Connection& connection, const ExecutionQuery& query,
                                              model::Detail detail) {
  const Rollback rollback(connection);
  const std::vector<Result> found =
      connection.run({Statement(std::string(one_moment)), execution_search(query)});
  const std::vector<ListPlace> places = find_places(found.back(), query);
  std::vector<model::Execution> executions;
  for (std::size_t at = 0; at < places.size(); at += executions_at_a_time) {
    std::vector<std::string_view> ids;
    const std::size_t end = std::min(places.size(), at + executions_at_a_time);
    for (std::size_t i = at; i < end; ++i) ids.emplace_back(places[i].id);
    std::vector<Statement> statements = readings(ids, detail);
    if (end == places.size()) statements.emplace_back("COMMIT");
    const std::vector<Result> results = connection.run(statements);
    auto some = assembled(results[0], results[1], detail);
    std::move(some.begin(), some.end(), std::back_inserter(executions));
  }
  return executions;
}

std::vector<std::string> read_unfinished(Connection& connection, Lease owner) {
  Statement statement("SELECT id FROM executions WHERE active AND owner = $1 ORDER BY id");
  statement.number(static_cast<std::int64_t>(owner));
  return first_column(connection.run(statement));
}

std::optional<Document> read_document(Connection& connection, const std::string& kind,
                                      const std::string& id) {
  Statement statement(fmt::format("{}WHERE kind = $1 AND id = $2 AND current", document_columns));
  statement.text(kind);
  statement.text(id);
  std::vector<Document> found = documents_of(connection.run(statement));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<Document> read_documents(Connection& connection, const std::string& kind,
                                     const std::optional<std::string>& scope) {
  Statement statement(fmt::format("{}WHERE kind = $1 AND current{} ORDER BY id", document_columns,
                                  scope ? " AND scope = $2" : ""));
  statement.text(kind);
  if (scope) statement.text(*scope);
  return documents_of(connection.run(statement));
}

std::vector<Document> read_history(Connection& connection, const std::string& kind, const std::string& id,
                                   std::size_t limit) {
  Statement statement(
      fmt::format("{}WHERE kind = $1 AND id = $2 ORDER BY version DESC LIMIT $3", document_columns));
  statement.text(kind);
  statement.text(id);
  statement.number(to_limit(limit));
  return documents_of(connection.run(statement));
}

std::vector<FeedEntry> read_feed(Connection& connection, std::uint64_t after, std::size_t limit) {
  Statement statement(
      "SELECT sequence, at, kind, application, subject, body FROM feed WHERE sequence > $1 ORDER BY sequence"
      " LIMIT $2");
  statement.number(to_limit(after));
  statement.number(to_limit(limit));
  const Result found = connection.run(statement);
  std::vector<FeedEntry> entries;
  for (int row = 0; row < found.rows(); ++row) {
    entries.push_back({.sequence = static_cast<std::uint64_t>(found.integer(row, 0)),
                       .at = found.time(row, 1),
                       .kind = std::string(found.text(row, 2)),
                       .application = std::string(found.text(row, 3)),
                       .subject = std::string(found.text(row, 4)),
                       .body = std::string(found.text(row, 5))});
  }
  return entries;
}

Store::FeedRange read_feed_range(Connection& connection) {
  // Two look-ups, each a step to an end of the index.
  const Result row =
      connection.run("SELECT (SELECT min(sequence) FROM feed), (SELECT max(sequence) FROM feed)");
  return {static_cast<std::uint64_t>(row.integer(0, 0)), static_cast<std::uint64_t>(row.integer(0, 1))};
}

std::vector<Command> read_commands(Connection& connection, Lease owner) {
  // What is open is little: it is what is looked through, not the executions.
  Statement statement(
      "SELECT commands.id, execution_id, event, slot_of FROM commands"
      " LEFT JOIN executions ON executions.id = execution_id"
      " WHERE refusal IS NULL AND coalesce(owner, $1) = $1 ORDER BY number");
  statement.number(static_cast<std::int64_t>(owner));
  const Result found = connection.run(statement);
  std::vector<Command> commands;
  for (int row = 0; row < found.rows(); ++row) {
    commands.push_back({std::string(found.text(row, 0)), std::string(found.text(row, 1)),
                        std::string(found.text(row, 2)), std::string(found.text(row, 3))});
  }
  return commands;
}

std::vector<std::string> read_starting(Connection& connection, const std::string& pipeline_config_id) {
  Statement statement("SELECT execution_id FROM commands WHERE slot_of = $1 AND refusal IS NULL");
  statement.text(pipeline_config_id);
  return first_column(connection.run(statement));
}

std::vector<Answer> read_answers(Connection& connection, const std::vector<std::string>& command_ids) {
  Statement statement("SELECT id, refusal FROM commands WHERE id = ANY($1) AND refusal IS NOT NULL");
  statement.texts({command_ids.begin(), command_ids.end()});
  const Result found = connection.run(statement);
  std::vector<Answer> answers;
  for (int row = 0; row < found.rows(); ++row)
    answers.push_back({std::string(found.text(row, 0)), std::string(found.text(row, 1))});
  return answers;
}

std::string read_holder(Connection& connection, const std::string& name) {
  Statement statement("SELECT holder FROM claims WHERE name = $1");
  statement.text(name);
  const Result found = connection.run(statement);
  return found.rows() == 0 ? std::string() : std::string(found.text(0, 0));
}

std::vector<Claim> read_claims(Connection& connection, const std::string& prefix) {
  std::string end = prefix;
  ++end.back();
  Statement statement(
      "SELECT name, holder, execution_id FROM claims WHERE name >= $1 AND name < $2 ORDER BY name");
  statement.text(prefix);
  statement.text(end);
  const Result found = connection.run(statement);
  std::vector<Claim> claims;
  for (int row = 0; row < found.rows(); ++row) {
    claims.push_back({.name = std::string(found.text(row, 0)),
                      .expected = "",
                      .holder = std::string(found.text(row, 1)),
                      .execution_id = std::string(found.text(row, 2))});
  }
  return claims;
}

}  // namespace gennaker::store::postgres
