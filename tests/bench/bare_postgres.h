#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "store/postgres/connection.h"
#include "store/store.h"
#include "testing/postgres_server.h"

namespace gennaker::bench {

using store::Changes;

/// A database to measure: the one that is given, else one of a PostgreSQL that ends with this.
class MeasuredPostgres {
 public:
  explicit MeasuredPostgres(std::string url) : url_(std::move(url)) {
    if (!url_.empty()) return;
    server_ = std::make_unique<testing::PostgresServer>(testing::PostgresServer::Sync::on);
    testing::need_database(server_->folder(), "bench");
    url_ = testing::postgres_url(server_->folder(), "bench");
  }
  const std::string& url() const { return url_; }

 private:
  std::unique_ptr<testing::PostgresServer> server_;
  std::string url_;
};

/// Only what a program must do that keeps the same bytes by itself: three statements a transaction.
class BarePostgres {
 public:
  explicit BarePostgres(const std::string& url)
      : connection_(store::postgres::Address(url), std::chrono::minutes(1)) {
    connection_.run_script(
        "DROP TABLE IF EXISTS bare_executions, bare_stages, bare_feed;"
        "CREATE TABLE bare_executions(id text PRIMARY KEY, header text);"
        "CREATE TABLE bare_stages(id text PRIMARY KEY, outline text, details text);"
        "CREATE TABLE bare_feed(sequence bigserial PRIMARY KEY, subject text, body text)");
  }

  void commit(const std::vector<Changes>& batch) {
    // A statement must not write a row twice: the later one counts.
    std::map<std::string_view, std::string_view> executions;
    std::map<std::string_view, const store::StageRow*> stages;
    std::vector<std::string_view> subjects, bodies;
    for (const Changes& changes : batch) {
      for (const auto& row : changes.executions) executions[row.id] = row.header;
      for (const auto& row : changes.stages) stages[row.id] = &row;
      for (const auto& entry : changes.feed) {
        subjects.emplace_back(entry.subject);
        bodies.emplace_back(entry.body);
      }
    }
    std::vector<std::string_view> ids, headers, stage_ids, outlines, details;
    for (const auto& [id, header] : executions) {
      ids.push_back(id);
      headers.push_back(header);
    }
    for (const auto& [id, row] : stages) {
      stage_ids.push_back(id);
      outlines.emplace_back(row->outline);
      details.emplace_back(row->details);
    }
    connection_.run(
        {store::postgres::Statement("BEGIN"),
         statement("INSERT INTO bare_executions SELECT * FROM unnest($1::text[], $2::text[])"
                   " ON CONFLICT (id) DO UPDATE SET header = excluded.header",
                   {&ids, &headers}),
         statement("INSERT INTO bare_stages SELECT * FROM unnest($1::text[], $2::text[], $3::text[])"
                   " ON CONFLICT (id) DO UPDATE SET outline = excluded.outline,"
                   " details = excluded.details",
                   {&stage_ids, &outlines, &details}),
         statement("INSERT INTO bare_feed(subject, body) SELECT * FROM unnest($1::text[], $2::text[])",
                   {&subjects, &bodies}),
         store::postgres::Statement("COMMIT")});
  }

 private:
  using Column = std::vector<std::string_view>;
  static store::postgres::Statement statement(std::string sql, std::initializer_list<const Column*> columns) {
    store::postgres::Statement statement(std::move(sql));
    for (const Column* column : columns) statement.texts(*column);
    return statement;
  }

  store::postgres::Connection connection_;
};

}  // namespace gennaker::bench
