#include <set>
#include <thread>

#include "base/error.h"
#include "databases.h"
#include "store/copy_contract.h"
#include "store/postgres/connection.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/raw_store.h"
#include "store/sqlite/raw_store.h"
#include "store/sqlite/sqlite_store.h"

namespace gennaker::store {
namespace {

using base::Error;
using base::Kind;
using postgres::Address;
using postgres::Connection;
using Role = RawStore::Role;

const RawMaker sqlite_rows{
    "Sqlite",
    [](const std::filesystem::path& place, Role role) {
      return open_raw_sqlite(place / "gennaker.db", role);
    },
    [](const std::filesystem::path& place) { return open_sqlite(place / "gennaker.db"); }};
const RawMaker postgres_rows{
    "Postgres",
    [](const std::filesystem::path& place, Role role) { return open_raw_postgres(url_of(place), role); },
    [](const std::filesystem::path& place) { return open_postgres(url_of(place)); }};

}  // namespace

INSTANTIATE_TEST_SUITE_P(ToPostgres, CopyContract, ::testing::Values(CopyWay{sqlite_rows, postgres_rows}));
INSTANTIATE_TEST_SUITE_P(FromPostgres, CopyContract, ::testing::Values(CopyWay{postgres_rows, sqlite_rows}));
INSTANTIATE_TEST_SUITE_P(AmongPostgres, CopyContract,
                         ::testing::Values(CopyWay{postgres_rows, postgres_rows}));

namespace {

class PostgresCopy : public ::testing::Test {
 protected:
  std::unique_ptr<RawStore> file(Role role) { return sqlite_rows.open_raw(place_.path(), role); }
  std::unique_ptr<RawStore> database(Role role) { return postgres_rows.open_raw(place_.path(), role); }
  Connection connect() { return {Address(url_), std::chrono::seconds(10)}; }
  /// What copying from the file to the database says.
  Failure failure_of_copying() {
    return failure_of([&] { copy_store(*file(Role::source), *database(Role::target), {}); });
  }

  Place place_;
  std::string url_ = url_of(place_.path());
};

Row row_of(const Table& table, std::string text) {
  Row row;
  for (const Column& column : table.columns) {
    if (column.kind == Column::Kind::text) {
      row.emplace_back(text);
    } else {
      row.emplace_back(std::int64_t{1});
    }
  }
  return row;
}

TEST_F(PostgresCopy, HasALineForEveryTableAndColumn) {
  open_postgres(url_).reset();
  auto connection = connect();
  std::set<std::string> known, carried, stored;
  for (const TableLeftOut& table : tables_left_out()) known.emplace(table.name);
  for (const Table& table : copied_tables()) {
    known.emplace(table.name);
    for (const Column& column : table.columns) carried.insert(fmt::format("{}.{}", table.name, column.name));
  }
  for (const ColumnLeftOut& column : columns_left_out())
    carried.insert(fmt::format("{}.{}", column.table, column.name));
  const auto found = connection.run(
      "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'");
  for (int row = 0; row < found.rows(); ++row) {
    const std::string table(found.text(row, 0));
    EXPECT_TRUE(known.contains(table)) << "say in src/store/copy.cpp whether " << table << " is copied";
    const auto& left_out = tables_left_out();
    const bool copied = std::none_of(left_out.begin(), left_out.end(),
                                     [&](const TableLeftOut& one) { return one.name == table; });
    if (copied) stored.insert(fmt::format("{}.{}", table, found.text(row, 1)));
  }
  EXPECT_EQ(carried, stored) << "name the new column in src/store/copy.cpp";
}

TEST_F(PostgresCopy, CountsTheTextsThatItCannotKeep) {
  const Table& executions = copied_tables()[0];
  Row row = row_of(executions, "e1");
  row.back() = std::string("of a program: \xff\xfe");
  file(Role::target)->append(executions, {row});
  const CopyReport report = copy_store(*file(Role::source), *database(Role::target), {});
  EXPECT_EQ(report.texts_changed, 1);
  EXPECT_EQ(std::get<std::string>(database(Role::source)->page(executions, {}, 9).at(0).back()),
            "of a program: \ufffd\ufffd");
  EXPECT_EQ(failure_of_copying().message, "") << "again: it only compares";
}

TEST_F(PostgresCopy, RefusesAKeyThatItCannotKeep) {
  const Table& documents = copied_tables()[2];
  file(Role::target)->append(documents, {row_of(documents, "\xff")});
  const auto failure = failure_of_copying();
  EXPECT_EQ(failure.kind, Kind::invalid);
  EXPECT_NE(failure.message.find("a row of documents has a key that is not UTF-8"), std::string::npos)
      << failure.message;
}

TEST_F(PostgresCopy, RefusesWhileAServerWorksWithEitherSide) {
  RandomRows(1).fill(*file(Role::target), 3);
  {
    const auto server = open_postgres(url_);
    const auto failure = failure_of_copying();
    EXPECT_EQ(failure.kind, Kind::conflict);
    EXPECT_NE(failure.message.find("a server works with postgresql://gennaker@"), std::string::npos)
        << failure.message;
    const Place third;
    const auto other = sqlite_rows.open_raw(third.path(), Role::target);
    EXPECT_THROW(copy_store(*database(Role::source), *other, {}), Error);
  }
  // The database may learn a little later that the server is gone.
  while (failure_of_copying().kind == Kind::conflict) std::this_thread::yield();
  EXPECT_EQ(failure_of_copying().message, "");
}

TEST_F(PostgresCopy, FindsAFeedThatWouldGoOnElsewhere) {
  RandomRows(1).fill(*database(Role::target), 3);
  connect().run_script("UPDATE feed_head SET sequence = 70");
  const Place third;
  const auto other = sqlite_rows.open_raw(third.path(), Role::target);
  try {
    copy_store(*database(Role::source), *other, {});
    ADD_FAILURE() << "the file would go on after 3";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("the feed goes on after 70 and 3"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace gennaker::store
