#include "store/sqlite/sqlite_store.h"

#include <fstream>
#include <sqlite3.h>

#include "base/error.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/schema.h"
#include "store/store_contract.h"

namespace gennaker::store {

const StoreMaker sqlite_maker{
    "Sqlite", [](const std::filesystem::path& place) { return open_sqlite(place / "gennaker.db"); }};
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract, testing::Values(sqlite_maker));
INSTANTIATE_TEST_SUITE_P(Sqlite, DurableStoreContract, testing::Values(sqlite_maker));

namespace {

using base::Error;
using base::Kind;
using sqlite::Database;

Failure failure_of_opening(const std::filesystem::path& file) {
  return failure_of([&] { open_sqlite(file); });
}

void run(const std::filesystem::path& file, const std::string& sql) {
  Database(file, Database::Access::read_write).run(sql);
}

class SqliteFile : public testing::Test {
 protected:
  Place place_;
  std::filesystem::path file_ = place_.path() / "gennaker.db";
};

TEST_F(SqliteFile, IsMadeWithItsDirectoryForItsOwnerOnly) {
  const auto deep = place_.path() / "a" / "b" / "gennaker.db";
  const auto store = open_sqlite(deep);
  EXPECT_EQ(std::filesystem::status(deep).permissions(), std::filesystem::perms(0600));
}

TEST_F(SqliteFile, HasOneOwner) {
  const auto first = open_sqlite(file_);
  const Failure second = failure_of_opening(file_);
  EXPECT_EQ(second.kind, Kind::unavailable);
  EXPECT_NE(second.message.find(file_.string() + ".lock"), std::string::npos) << second.message;
  EXPECT_NE(second.message.find(fmt::format("process {}", getpid())), std::string::npos) << second.message;
}

TEST_F(SqliteFile, IsFreeAgainAfterItsOwner) {
  open_sqlite(file_).reset();
  EXPECT_EQ(failure_of_opening(file_).kind, std::nullopt);
}

TEST_F(SqliteFile, RefusesWhatIsNotADatabase) {
  std::ofstream(file_) << std::string(8192, 'x');
  const Failure failure = failure_of_opening(file_);
  EXPECT_EQ(failure.kind, Kind::invalid);
  EXPECT_NE(failure.message.find("is not an SQLite database"), std::string::npos) << failure.message;
}

TEST_F(SqliteFile, RefusesAnotherProgramsDatabaseAndLeavesItAlone) {
  run(file_, "CREATE TABLE theirs(x)");
  const Failure failure = failure_of_opening(file_);
  EXPECT_EQ(failure.kind, Kind::invalid);
  EXPECT_NE(failure.message.find("another program"), std::string::npos) << failure.message;
  Database database(file_, Database::Access::read_write);
  EXPECT_EQ(database.number("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST_F(SqliteFile, RefusesANewerVersion) {
  open_sqlite(file_).reset();
  run(file_, "PRAGMA user_version = 1000");
  const Failure failure = failure_of_opening(file_);
  EXPECT_EQ(failure.kind, Kind::invalid);
  EXPECT_NE(failure.message.find("newer version"), std::string::npos) << failure.message;
}

TEST_F(SqliteFile, SaysWhenItCannotBeOpened) {
  std::filesystem::create_directory(file_);
  EXPECT_EQ(failure_of_opening(file_).kind, Kind::unavailable);
}

TEST_F(SqliteFile, SaysWhenItIsDamaged) {
  open_sqlite(file_).reset();
  {
    std::fstream bytes(file_, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(100);
    bytes << std::string(4000, '\xff');
  }
  const Failure failure = failure_of_opening(file_);
  EXPECT_EQ(failure.kind, Kind::internal);
  EXPECT_NE(failure.message.find("damaged"), std::string::npos) << failure.message;
}

TEST_F(SqliteFile, ReportsAWriterThatIsBlocked) {
  // Somebody's shell holds a write transaction for longer than we wait: the change is refused, not lost.
  const auto store = open_sqlite(file_, {.lock_patience = std::chrono::milliseconds(10)});
  Database intruder(file_, Database::Access::read_write);
  intruder.run("BEGIN IMMEDIATE");
  Changes changes;
  changes.documents.push_back({.kind = "pipeline", .id = "d1"});
  try {
    result_of(store->commit(changes));
    FAIL() << "the database was locked";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::unavailable);
    EXPECT_EQ(store->pulse().failure, error.what());
  }
  intruder.run("ROLLBACK");
  result_of(store->commit(changes));
  EXPECT_EQ(store->pulse().failure, "");
  EXPECT_TRUE(result_of(store->document("pipeline", "d1")));
}

/// How SQLite would find the rows: "SEARCH ... USING INDEX", one line a step.
std::string plan_of(Database& database, const std::string& sql) {
  auto rows = database.prepare("EXPLAIN QUERY PLAN " + sql);
  std::string plan;
  while (rows.step()) plan += std::string(rows.text(3)) + "; ";
  return plan;
}

TEST_F(SqliteFile, ListsFromIndexesWithoutSorting) {
  open_sqlite(file_).reset();
  Database database(file_, Database::Access::read_write);
  const std::vector<ExecutionQuery> queries{
      {.application = "shop"},
      {.type = model::ExecutionType::pipeline, .application = "shop"},
      {.pipeline_config_ids = {"a", "b"}},
      {.pipeline_config_ids = {"a"}, .statuses = {model::Status::succeeded}},
      {.pipeline_config_ids = {"a"}, .statuses = {model::Status::running, model::Status::paused}},
      {.application = "shop", .statuses = {model::Status::running}},
      {.correlation_id = "c"},
      {.application = "shop", .oldest_first = true},
  };
  for (const ExecutionQuery& query : queries) {
    for (const std::string& sql : sqlite::execution_searches(query)) {
      const std::string plan = plan_of(database, sql);
      EXPECT_EQ(plan.find("SEARCH executions"), 0U) << sql << "\n" << plan;
      EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << sql << "\n" << plan;
    }
  }
  // All of them, newest first: in the order of an index, so that it stops at the limit.
  const std::string all = plan_of(database, sqlite::execution_searches({}).at(0));
  EXPECT_NE(all.find("COVERING INDEX executions_by_time"), std::string::npos) << all;
  EXPECT_EQ(all.find("TEMP B-TREE"), std::string::npos) << all;
}

TEST_F(SqliteFile, KeepsTheFeedWithinItsLimits) {
  const auto store = open_sqlite(file_, {.feed_entries = 10, .feed_age = std::chrono::hours(24)});
  const auto publish = [&](base::TimePoint at) {
    Changes changes;
    changes.feed.push_back({.at = at, .kind = "execution", .subject = "e"});
    result_of(store->commit(changes));
  };
  const base::TimePoint start = base::from_millis(1'700'000'000'000);
  for (int i = 0; i < 30; ++i) publish(start);
  auto range = result_of(store->feed_range());
  EXPECT_EQ(range.newest, 30U);
  EXPECT_EQ(range.oldest, 21U) << "by number";
  publish(start + std::chrono::hours(25));
  range = result_of(store->feed_range());
  EXPECT_EQ(range.oldest, 31U) << "by age; the newest stays";
  EXPECT_EQ(range.newest, 31U);
}

}  // namespace
}  // namespace gennaker::store
