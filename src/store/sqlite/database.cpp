#include "store/sqlite/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/error.h"

namespace gennaker::store::sqlite {
namespace {

using base::Error;
using base::Kind;

Error error_of(int code, const std::string& file, std::string_view detail) {
  switch (code & 0xff) {
    case SQLITE_NOTADB:
      return Error(Kind::invalid,
                   fmt::format("{} is not an SQLite database: move it away, or name another file", file));
    case SQLITE_CORRUPT:
      return Error(
          Kind::internal,
          fmt::format("{} is damaged ({}): stop the server, then restore a backup, or rescue what can "
                      "be read with: sqlite3 {} .recover",
                      file, detail, file));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(
          Kind::unavailable,
          fmt::format("another program holds a lock on {}: close it (an sqlite3 shell, a backup?) and "
                      "try again",
                      file));
    case SQLITE_FULL:
      return Error(Kind::unavailable, fmt::format("no space left for {}: free some on its disk", file));
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return Error(
          Kind::unavailable,
          fmt::format("cannot open {} for writing ({}): its directory must exist, and this user must "
                      "be allowed to write both",
                      file, detail));
    case SQLITE_IOERR:
      return Error(
          Kind::unavailable,
          fmt::format("cannot read or write {} ({}): see the system's log about its disk", file, detail));
    case SQLITE_CONSTRAINT:
      return Error(Kind::invalid, fmt::format("{} refuses the change: {}", file, detail));
    default:
      return Error(Kind::internal, fmt::format("SQLite on {}: {} (code {})", file, detail, code));
  }
}

}  // namespace

const std::filesystem::path& made_private(const std::filesystem::path& file) {
  if (const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); descriptor >= 0) {
    close(descriptor);
  }
  return file;
}

Statement::~Statement() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

void Statement::bind(int parameter, std::string_view text) {
  // An empty view may hold no pointer, which SQLite would take for NULL.
  const char* bytes = text.data() ? text.data() : "";
  const int code = sqlite3_bind_text64(handle_, parameter, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) database_.fail(code);
}

void Statement::bind(int parameter, std::int64_t number) {
  const int code = sqlite3_bind_int64(handle_, parameter, number);
  if (code != SQLITE_OK) database_.fail(code);
}

void Statement::bind(int parameter, std::optional<base::TimePoint> time) {
  if (time) {
    bind(parameter, base::to_millis(*time));
  } else {
    bind_null(parameter);
  }
}

void Statement::bind_null(int parameter) {
  const int code = sqlite3_bind_null(handle_, parameter);
  if (code != SQLITE_OK) database_.fail(code);
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  database_.fail(code);
}

void Statement::run() {
  while (step()) {
  }
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}

std::string_view Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  const int size = sqlite3_column_bytes(handle_, column);
  return bytes ? std::string_view(bytes, static_cast<std::size_t>(size)) : std::string_view();
}

base::TimePoint Statement::time(int column) const {
  return base::from_millis(integer(column));
}

Database::Database(const std::filesystem::path& file, Access access) : file_(file.string()) {
  const int flags =
      (access == Access::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) |
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(file_.c_str(), &handle_, flags, nullptr);
  if (code != SQLITE_OK) {
    const Error error =
        error_of(code, file_, handle_ ? std::string_view(sqlite3_errmsg(handle_)) : "out of memory");
    sqlite3_close_v2(handle_);
    throw error;
  }
  if (access == Access::read_write && sqlite3_db_readonly(handle_, "main") == 1) {
    sqlite3_close_v2(handle_);
    // SQLite would be content with reading, and begin even transactions that write.
    throw error_of(SQLITE_READONLY, file_, "it can only be read");
  }
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);
}

void Database::run(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

void Database::set_lock_patience(std::chrono::milliseconds patience) {
  sqlite3_busy_timeout(handle_, static_cast<int>(patience.count()));
}

Statement Database::prepare(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* handle = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
    if (code != SQLITE_OK) fail(code);
    found = statements_.emplace(sql, handle).first;
  }
  return Statement(*this, found->second);
}

std::int64_t Database::number(std::string_view sql) {
  auto statement = prepare(sql);
  return statement.step() ? statement.integer(0) : 0;
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

std::int64_t Database::last_row() const {
  return sqlite3_last_insert_rowid(handle_);
}

void Database::fail(int code) const {
  throw error_of(code, file_, sqlite3_errmsg(handle_));
}

Transaction::Transaction(Database& database, Kind kind) : database_(database) {
  database_.prepare(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN").run();
}

Transaction::~Transaction() {
  // Some errors (disk full) end a transaction by themselves.
  if (!database_.in_transaction()) return;
  try {
    database_.prepare("ROLLBACK").run();
  } catch (const Error&) {
    // The next BEGIN fails with the reason, if there still is one.
  }
}

void Transaction::commit() {
  database_.prepare("COMMIT").run();
}

}  // namespace gennaker::store::sqlite
