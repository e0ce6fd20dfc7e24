#include "store/sqlite/raw_store.h"

#include "base/error.h"
#include "store/sqlite/database.h"
#include "store/sqlite/file_lock.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sqlite_store.h"

namespace gennaker::store {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

std::string name_of(const Column& column) {
  return std::string(column.sqlite_opposite.empty() ? column.name : column.sqlite_opposite);
}

/// "a, b"; each column as `of` says it.
template <class Of>
std::string list(const Table& table, std::size_t count, Of of) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ", ") + of(table.columns[i]);
  return text;
}

std::string keys(const Table& table, const std::string& suffix = "") {
  return list(table, table.key, [&](const Column& column) { return name_of(column) + suffix; });
}

/// The opposite of a truth is the same way in both directions: "NOT complete", "NOT ?".
std::string carried(const Column& column, const std::string& what) {
  return column.sqlite_opposite.empty() ? what : "NOT " + what;
}

void bind_all(Statement& statement, const Row& row) {
  int parameter = 0;
  for (const Value& value : row) {
    ++parameter;
    if (const auto* text = std::get_if<std::string>(&value)) {
      statement.bind(parameter, std::string_view(*text));
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      statement.bind(parameter, *number);
    } else {
      statement.bind_null(parameter);
    }
  }
}

Row row_of(const Statement& statement, const Table& table, std::size_t columns) {
  Row row;
  for (std::size_t i = 0; i < columns; ++i) {
    const int at = static_cast<int>(i);
    if (statement.is_null(at)) {
      row.emplace_back();
    } else if (table.columns[i].kind == Column::Kind::text) {
      row.emplace_back(std::string(statement.text(at)));
    } else {
      row.emplace_back(statement.integer(at));
    }
  }
  return row;
}

class SqliteRows final : public RawStore {
 public:
  SqliteRows(const std::filesystem::path& file, Role role)
      : shown_("sqlite:" + file.string()),
        lock_(file),
        database_(sqlite::made_private(file), Database::Access::read_write) {
    database_.set_lock_patience(SqliteOptions().lock_patience);
    sqlite::check_owner(database_, file);
    database_.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    sqlite::migrate(database_);
    if (role == Role::source) moment_.emplace(database_, Transaction::Kind::read);
  }

  const std::string& shown() const override { return shown_; }
  void expect_no_server() override {}  // it would hold the lock

  std::vector<Row> page(const Table& table, const Row& after, std::size_t limit) override {
    const auto carry = [](const Column& column) { return carried(column, name_of(column)); };
    auto statement = database_.prepare(fmt::format(
        "SELECT {} FROM {} {} ORDER BY {} LIMIT ?", list(table, table.columns.size(), carry), table.name,
        after.empty() ? "" : fmt::format("WHERE ({}) > ({})", keys(table), places(table.key)), keys(table)));
    bind_all(statement, after);
    statement.bind(static_cast<int>(after.size()) + 1, static_cast<std::int64_t>(limit));
    std::vector<Row> rows;
    while (statement.step()) rows.push_back(row_of(statement, table, table.columns.size()));
    return rows;
  }

  Row last_key(const Table& table) override {
    auto statement = database_.prepare(
        fmt::format("SELECT {} FROM {} ORDER BY {} LIMIT 1", keys(table), table.name, keys(table, " DESC")));
    return statement.step() ? row_of(statement, table, table.key) : Row();
  }

  std::int64_t count(const Table& table) override {
    return database_.number(fmt::format("SELECT count(*) FROM {}", table.name));
  }
  std::int64_t feed_number() override { return database_.number("SELECT max(sequence) FROM feed"); }

  void append(const Table& table, const std::vector<Row>& rows) override {
    const auto place = [](const Column& column) { return carried(column, "?"); };
    const std::size_t all = table.columns.size();
    const std::string sql = fmt::format("INSERT INTO {}({}) VALUES({})", table.name,
                                        list(table, all, name_of), list(table, all, place));
    Transaction transaction(database_, Transaction::Kind::write);
    for (const Row& row : rows) {
      auto statement = database_.prepare(sql);
      bind_all(statement, row);
      statement.run();
    }
    transaction.commit();
  }
  std::string kept(const std::string& text) const override { return text; }

  std::optional<std::string> copy_under_way() override {
    if (!sqlite::has_unfinished_copy(database_)) return std::nullopt;
    auto statement = database_.prepare(fmt::format("SELECT source FROM {}", unfinished_copy_table));
    return statement.step() ? std::string(statement.text(0)) : "";
  }
  void begin_copy(const std::string& source) override {
    Transaction transaction(database_, Transaction::Kind::write);
    database_.run(fmt::format("CREATE TABLE {}(source TEXT NOT NULL) STRICT", unfinished_copy_table));
    auto statement = database_.prepare(fmt::format("INSERT INTO {} VALUES(?)", unfinished_copy_table));
    statement.bind_all(source);
    statement.run();
    transaction.commit();
  }
  void end_copy() override { database_.run(fmt::format("DROP TABLE {}", unfinished_copy_table)); }

 private:
  static std::string places(std::size_t count) {
    std::string text = "?";
    for (std::size_t i = 1; i < count; ++i) text += ", ?";
    return text;
  }

  std::string shown_;
  sqlite::FileLock lock_;
  Database database_;
  std::optional<Transaction> moment_;
};

}  // namespace

std::unique_ptr<RawStore> open_raw_sqlite(const std::filesystem::path& file, RawStore::Role role) {
  std::error_code ignored;  // what is wrong shows when the lock is taken, with the reason
  if (role == RawStore::Role::source && !std::filesystem::exists(file, ignored))
    throw base::Error(base::Kind::not_found, fmt::format("there is no file {} to copy from", file.string()));
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
  return std::make_unique<SqliteRows>(file, role);
}

}  // namespace gennaker::store
