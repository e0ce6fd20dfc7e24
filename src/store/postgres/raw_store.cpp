#include "store/postgres/raw_store.h"

#include "store/postgres/connection.h"
#include "store/postgres/schema.h"
#include "store/postgres/utf8.h"

namespace gennaker::store {
namespace {

using base::Error;
using base::Kind;
using postgres::Address;
using postgres::Connection;
using postgres::Result;
using postgres::Statement;

// To count a large table takes its time.
constexpr std::chrono::minutes patience{30};

/// "a, b"; each column as `of` says it.
template <class Of>
std::string list(const Table& table, std::size_t count, Of of) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ", ") + of(table.columns[i]);
  return text;
}

std::string name_of(const Column& column) {
  return std::string(column.name);
}

std::string keys(const Table& table, const std::string& suffix = "") {
  return list(table, table.key, [&](const Column& column) { return name_of(column) + suffix; });
}

/// Gives `row` the next parameters; how they are written: "$1, $2".
std::string add_all(Statement& statement, const Row& row) {
  std::string places;
  for (const Value& value : row) {
    if (!places.empty()) places += ", ";
    const auto* text = std::get_if<std::string>(&value);
    places += text ? statement.text(*text) : statement.number(std::get<std::int64_t>(value));
  }
  return places;
}

Row row_of(const Result& result, int at, const Table& table, std::size_t columns) {
  Row row;
  for (std::size_t i = 0; i < columns; ++i) {
    const int column = static_cast<int>(i);
    if (result.is_null(at, column)) {
      row.emplace_back();
    } else if (table.columns[i].kind == Column::Kind::text) {
      row.emplace_back(std::string(result.text(at, column)));
    } else if (table.columns[i].kind == Column::Kind::truth) {
      row.emplace_back(std::int64_t{result.truth(at, column)});
    } else {
      row.emplace_back(result.integer(at, column));
    }
  }
  return row;
}

/// The rows' values in one column, as one array.
void add_column(Statement& statement, const Column& column, const std::vector<Row>& rows, std::size_t at) {
  if (column.kind == Column::Kind::text) {
    std::vector<std::optional<std::string_view>> texts;
    for (const Row& row : rows) {
      const auto* text = std::get_if<std::string>(&row[at]);
      texts.push_back(text ? std::optional<std::string_view>(*text) : std::nullopt);
    }
    statement.nullable_texts(texts);
    return;
  }
  std::vector<std::optional<std::int64_t>> numbers;
  for (const Row& row : rows) {
    const auto* number = std::get_if<std::int64_t>(&row[at]);
    numbers.push_back(number ? std::optional(*number) : std::nullopt);
  }
  statement.numbers(numbers);
}

/// What is there already is the same row: a run before this one was stopped before it had its answer.
Statement insertion(const Table& table, const std::vector<Row>& rows) {
  const auto& columns = table.columns;
  const auto value_of = [](const Column& column) {
    return column.kind == Column::Kind::truth ? fmt::format("{} = 1", column.name) : name_of(column);
  };
  std::string arrays;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string_view type = columns[i].kind == Column::Kind::text ? "text[]" : "bigint[]";
    arrays += fmt::format("{}${}::{}", i == 0 ? "" : ", ", i + 1, type);
  }
  const std::string names = list(table, columns.size(), name_of);
  Statement statement(
      fmt::format("INSERT INTO {0}({1}) SELECT {2} FROM unnest({3}) AS fresh({1})"
                  " ON CONFLICT DO NOTHING",
                  table.name, names, list(table, columns.size(), value_of), arrays));
  for (std::size_t i = 0; i < columns.size(); ++i) add_column(statement, columns[i], rows, i);
  return statement;
}

class PostgresRows final : public RawStore {
 public:
  PostgresRows(const Address& address, Role role) : address_(address), connection_(address, patience) {
    postgres::migrate(connection_);
    if (role == Role::source) connection_.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  }

  const std::string& shown() const override { return connection_.shown(); }
  void expect_no_server() override {
    // What a source is asked sees one moment, and this is about now. A server that was killed is counted for
    // some seconds more.
    Connection now(address_, patience);
    const Result servers = now.run("SELECT count(*) FROM replicas WHERE alive_until > now()");
    if (servers.integer(0, 0) == 0) return;
    throw Error(Kind::conflict,
                fmt::format("a server works with {}: stop it before the copy, and start it after", shown()));
  }

  std::vector<Row> page(const Table& table, const Row& after, std::size_t limit) override {
    Statement statement(
        fmt::format("SELECT {} FROM {}", list(table, table.columns.size(), name_of), table.name));
    if (!after.empty())
      statement.append(fmt::format(" WHERE ({}) > ({})", keys(table), add_all(statement, after)));
    statement.append(fmt::format(" ORDER BY {} LIMIT {}", keys(table), limit));
    const Result result = connection_.run(statement);
    std::vector<Row> rows;
    for (int row = 0; row < result.rows(); ++row)
      rows.push_back(row_of(result, row, table, table.columns.size()));
    return rows;
  }

  Row last_key(const Table& table) override {
    const Result result = connection_.run(
        fmt::format("SELECT {} FROM {} ORDER BY {} LIMIT 1", keys(table), table.name, keys(table, " DESC")));
    return result.rows() > 0 ? row_of(result, 0, table, table.key) : Row();
  }

  std::int64_t count(const Table& table) override {
    return number(fmt::format("SELECT count(*) FROM {}", table.name));
  }
  std::int64_t feed_number() override { return number("SELECT sequence FROM feed_head"); }

  void append(const Table& table, const std::vector<Row>& rows) override {
    std::vector<Statement> statements{Statement("BEGIN"), insertion(table, rows)};
    if (table.name == "feed") {
      statements.emplace_back("UPDATE feed_head SET sequence = greatest(sequence, $1)");
      statements.back().number(std::get<std::int64_t>(rows.back().front()));
    }
    commit(std::move(statements));
  }

  std::string kept(const std::string& text) const override {
    std::string kept;
    postgres::append_utf8(kept, text);
    return kept;
  }

  std::optional<std::string> copy_under_way() override {
    if (!postgres::has_unfinished_copy(connection_)) return std::nullopt;
    const Result result = connection_.run(fmt::format("SELECT source FROM {}", unfinished_copy_table));
    return result.rows() > 0 ? std::string(result.text(0, 0)) : "";
  }
  void begin_copy(const std::string& source) override {
    Statement note(fmt::format("INSERT INTO {} VALUES($1)", unfinished_copy_table));
    note.text(source);
    commit({Statement("BEGIN"),
            Statement(fmt::format("CREATE TABLE {}(source text NOT NULL)", unfinished_copy_table)),
            std::move(note)});
  }
  void end_copy() override { connection_.run(fmt::format("DROP TABLE {}", unfinished_copy_table)); }

 private:
  std::int64_t number(const std::string& sql) { return connection_.run(sql).integer(0, 0); }

  void commit(std::vector<Statement> statements) {
    const postgres::Rollback rollback(connection_);
    statements.emplace_back("COMMIT");
    const auto results = connection_.run(statements);
    if (results.back().done() != "COMMIT")
      throw Error(Kind::internal,
                  fmt::format("{} did not commit: it answers {}", shown(), results.back().done()));
  }

  Address address_;
  Connection connection_;
};

}  // namespace

std::unique_ptr<RawStore> open_raw_postgres(const std::string& url, RawStore::Role role) {
  return std::make_unique<PostgresRows>(Address(url, "gennaker store copy"), role);
}

}  // namespace gennaker::store
