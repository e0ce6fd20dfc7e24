#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

struct pg_conn;
struct pg_result;

/// libpq with owners for what it hands out, and errors that a person can act on. Nothing here leaves anything
/// behind in a session: no named statements, no settings. A pooler may give every transaction another one.
namespace gennaker::store::postgres {

/// Where the database is: "postgresql://user:password@host:port/database?option=value", as libpq reads it.
/// What the URL leaves out comes from libpq's environment variables and password file. A connection that has
/// died is noticed within seconds, unless the URL says otherwise.
class Address {
 public:
  /// `program`: what the database lists its sessions by, unless the URL or the environment says otherwise.
  /// Throws base::Error `invalid`; what was given is not repeated: there may be a password in it.
  explicit Address(const std::string& url, const std::string& program = server_program);
  static constexpr const char* server_program = "gennaker";

  /// For logs and messages: without the password.
  const std::string& shown() const { return shown_; }
  struct Option {
    std::string name, value;
  };
  const std::vector<Option>& options() const { return options_; }

 private:
  std::vector<Option> options_;
  std::string shown_;
};

/// What the database, or the way to it, did not do.
class Failure final : public base::Error {
 public:
  enum class Cause {
    lost,       ///< no connection, or it has ended: what was under way may or may not have happened
    late,       ///< the same, after nobody had answered for as long as it was willing to wait
    busy,       ///< it answers, and says that trying again makes sense; nothing has happened
    refused,    ///< what it was given is not acceptable
    unwelcome,  ///< it answers, and does not let this user in or do what is needed: somebody must allow it
    taken,      ///< a table of that name is there already, or somebody makes it just now
    misfitting  ///< anything else: rights, tables that are missing, bugs
  };
  Failure(Cause cause, base::Kind kind, const std::string& message)
      : base::Error(kind, message), cause_(cause) {}
  Cause cause() const { return cause_; }
  /// Whether the connection is of no use any more.
  bool ends_connection() const { return cause_ == Cause::lost || cause_ == Cause::late; }

 private:
  Cause cause_;
};

/// A statement and its parameters, $1 and on, which are copied into it. Texts become UTF-8 (utf8.h).
class Statement {
 public:
  explicit Statement(std::string sql) : sql_(std::move(sql)) {}

  /// Each takes the next number; gives it back, so that a text can be built along: "$3".
  std::string text(std::string_view value);
  std::string number(std::int64_t value);
  /// One array each: for unnest() and ANY().
  void texts(const std::vector<std::string_view>& values);
  void nullable_texts(const std::vector<std::optional<std::string_view>>& values);
  void numbers(const std::vector<std::optional<std::int64_t>>& values);

  void append(std::string_view sql) { sql_ += sql; }
  const std::string& sql() const { return sql_; }
  /// The same with something before it: EXPLAIN.
  Statement after(std::string_view prefix) const;

  struct Parameter {
    unsigned type = 0;  ///< the OID
    std::string bytes;  ///< in PostgreSQL's binary format
  };
  const std::vector<Parameter>& parameters() const { return parameters_; }

 private:
  std::string add(unsigned type, std::string bytes);
  template <class Texts>
  void add_texts(const Texts& values, bool with_nulls);

  std::string sql_;
  std::vector<Parameter> parameters_;
};

/// The rows of an answer, and columns, from 0. Texts are valid as long as it is.
class Result {
 public:
  explicit Result(pg_result* handle);

  int rows() const;
  bool is_null(int row, int column) const;
  std::string_view text(int row, int column) const;
  std::int64_t integer(int row, int column) const;
  bool truth(int row, int column) const;
  base::TimePoint time(int row, int column) const { return base::from_millis(integer(row, column)); }
  /// What was done: "COMMIT", "DELETE 3".
  std::string_view done() const;

 private:
  struct Clear {
    void operator()(pg_result* handle) const;
  };
  std::unique_ptr<pg_result, Clear> handle_;
};

/// One connection. Threads: one at a time. Throws Failure.
class Connection {
 public:
  /// `patience`: how long an answer may take before the connection counts as lost.
  Connection(const Address& address, std::chrono::milliseconds patience);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends them together and waits once. After one that fails the rest is not run.
  std::vector<Result> run(const std::vector<Statement>& statements);
  Result run(const Statement& statement);
  Result run(std::string_view sql) { return run(Statement(std::string(sql))); }
  /// Any number of statements without parameters, separated by semicolons.
  void run_script(const std::string& sql);

  /// False behind a pooler, which gives every transaction another session: notifications do not arrive.
  bool direct();
  /// What has been notified, after waiting for it: until something comes, `patience` is over or `wake` (a
  /// descriptor) can be read. Empty: nothing.
  std::vector<std::string> notifications(std::chrono::milliseconds patience, int wake);

  /// False once the connection is known to have ended. Asks nobody.
  bool alive();
  bool in_transaction() const;
  const std::string& shown() const { return shown_; }
  /// "" when the server has not said so.
  std::string server_setting(const char* name) const;

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  /// After an attempt that failed. Throws with the reason; `until`: when it is too late for another.
  void connect_again(Deadline until);
  Deadline deadline() const { return std::chrono::steady_clock::now() + patience_; }
  void send(const Statement& statement);
  void flush(Deadline until);
  void wait_for(short events, Deadline until);
  /// nullptr: no more of this statement.
  pg_result* next(Deadline until);
  std::optional<Failure> failure_in(const pg_result* result) const;
  [[noreturn]] void lose(std::string_view why, Failure::Cause cause = Failure::Cause::lost);
  /// Throws when the connection is of no use any more.
  void end_with(const std::optional<Failure>& failure);

  struct Close {
    void operator()(pg_conn* handle) const;
  };
  std::unique_ptr<pg_conn, Close> handle_;
  std::chrono::milliseconds patience_;
  std::string shown_;
};

/// Rolls back, when it goes, what has been begun and not ended.
class Rollback {
 public:
  explicit Rollback(Connection& connection) : connection_(connection) {}
  ~Rollback();
  Rollback(const Rollback&) = delete;
  Rollback& operator=(const Rollback&) = delete;

 private:
  Connection& connection_;
};

}  // namespace gennaker::store::postgres
