#pragma once

#include <filesystem>
#include <initializer_list>
#include <sqlite3.h>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace gennaker::bench {

using store::Changes;

/// Only what a program must do that keeps the same bytes by itself.
class BareSqlite {
 public:
  explicit BareSqlite(const std::filesystem::path& file) {
    check(sqlite3_open(file.c_str(), &handle_));
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE executions(id TEXT PRIMARY KEY, header TEXT);"
        "CREATE TABLE stages(id TEXT PRIMARY KEY, outline TEXT, details TEXT);"
        "CREATE TABLE feed(sequence INTEGER PRIMARY KEY, subject TEXT, body TEXT)");
    execution_ = prepare("INSERT OR REPLACE INTO executions VALUES(?, ?)");
    stage_ = prepare("INSERT OR REPLACE INTO stages VALUES(?, ?, ?)");
    feed_ = prepare("INSERT INTO feed(subject, body) VALUES(?, ?)");
  }
  ~BareSqlite() {
    for (sqlite3_stmt* statement : {execution_, stage_, feed_}) sqlite3_finalize(statement);
    sqlite3_close(handle_);
  }
  void commit(const std::vector<Changes>& batch) {
    run("BEGIN IMMEDIATE");
    for (const Changes& changes : batch) write(changes);
    run("COMMIT");
  }

 private:
  void run(const char* sql) { check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)); }
  void write(const Changes& changes) {
    for (const auto& row : changes.executions) put(execution_, {row.id, row.header});
    for (const auto& row : changes.stages) put(stage_, {row.id, row.outline, row.details});
    for (const auto& entry : changes.feed) put(feed_, {entry.subject, entry.body});
  }
  void check(int code) {
    if (code != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(handle_));
  }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v2(handle_, sql, -1, &statement, nullptr));
    return statement;
  }
  void put(sqlite3_stmt* statement, std::initializer_list<std::string_view> texts) {
    int parameter = 0;
    for (const auto text : texts) {
      check(sqlite3_bind_text(statement, ++parameter, text.data(), static_cast<int>(text.size()),
                              SQLITE_STATIC));
    }
    if (sqlite3_step(statement) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(handle_));
    sqlite3_reset(statement);
  }

  sqlite3* handle_ = nullptr;
  sqlite3_stmt *execution_ = nullptr, *stage_ = nullptr, *feed_ = nullptr;
};

}  // namespace gennaker::bench
