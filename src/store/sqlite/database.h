#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

struct sqlite3;
struct sqlite3_stmt;

/// SQLite's C interface with owners for what it hands out, and errors that a person can act on.
namespace gennaker::store::sqlite {

/// Makes the file when it is missing, so that only its owner can read it: it holds what pipelines are given.
/// SQLite gives its log the same rights. Gives back its argument; failures show when SQLite opens it.
const std::filesystem::path& made_private(const std::filesystem::path& file);

class Database;

/// One use of a prepared statement: gives it back, reset, when it goes. Columns count from 0, parameters
/// from 1.
class Statement {
 public:
  Statement(Database& database, sqlite3_stmt* handle) : database_(database), handle_(handle) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Texts are not copied: they must live until the statement is run or dropped.
  void bind(int parameter, std::string_view text);
  void bind(int parameter, std::int64_t number);
  void bind(int parameter, std::optional<base::TimePoint> time);
  void bind_null(int parameter);
  /// Binds all parameters from the first on.
  template <class... Values>
  void bind_all(const Values&... values) {
    int parameter = 0;
    (bind_one(++parameter, values), ...);
  }

  /// Goes to the next row; false: there is none. Throws base::Error.
  bool step();
  /// For statements without rows.
  void run();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  /// Valid until the next step.
  std::string_view text(int column) const;
  base::TimePoint time(int column) const;

 private:
  template <class Value>
  void bind_one(int parameter, const Value& value) {
    if constexpr (std::integral<Value>) {
      bind(parameter, static_cast<std::int64_t>(value));
    } else if constexpr (std::convertible_to<Value, std::string_view>) {
      bind(parameter, std::string_view(value));
    } else {
      bind(parameter, std::optional<base::TimePoint>(value));
    }
  }

  Database& database_;
  sqlite3_stmt* handle_;
};

/// One connection. Threads: one at a time.
class Database {
 public:
  enum class Access { read_write, read_only };

  /// Opens the file, which is created for read_write. Throws base::Error: `unavailable` (no such directory,
  /// no right, locked), `invalid` (not an SQLite file).
  Database(const std::filesystem::path& file, Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs any number of statements that need no parameters.
  void run(const std::string& sql);
  /// How long to wait for another program's lock before it is an error.
  void set_lock_patience(std::chrono::milliseconds patience);
  /// A statement is compiled once and kept: the number of different texts must be small.
  Statement prepare(std::string_view sql);
  /// The first column of the first row; 0 without rows.
  std::int64_t number(std::string_view sql);

  bool in_transaction() const;
  /// The row id that the last insert gave.
  std::int64_t last_row() const;

  /// Throws what SQLite's result code means for a person.
  [[noreturn]] void fail(int code) const;

 private:
  sqlite3* handle_ = nullptr;
  std::string file_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

/// BEGIN ... COMMIT; rolls back when it goes without `commit`.
class Transaction {
 public:
  enum class Kind { read, write };
  Transaction(Database& database, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
};

}  // namespace gennaker::store::sqlite
