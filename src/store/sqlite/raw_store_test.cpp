#include "store/sqlite/raw_store.h"

#include <set>

#include "base/error.h"
#include "store/copy_contract.h"
#include "store/sqlite/database.h"
#include "store/sqlite/sqlite_store.h"

namespace gennaker::store {
namespace {

std::filesystem::path file_in(const std::filesystem::path& place) {
  return place / "gennaker.db";
}

const RawMaker sqlite_rows{"Sqlite",
                           [](const std::filesystem::path& place, RawStore::Role role) {
                             return open_raw_sqlite(file_in(place), role);
                           },
                           [](const std::filesystem::path& place) { return open_sqlite(file_in(place)); }};

}  // namespace

INSTANTIATE_TEST_SUITE_P(Sqlite, CopyContract, testing::Values(CopyWay{sqlite_rows, sqlite_rows}));

namespace {

using base::Kind;
using sqlite::Database;

class SqliteRowsTest : public testing::Test {
 protected:
  std::optional<Kind> failure_of_opening(RawStore::Role role) {
    return failure_of([&] { open_raw_sqlite(file_, role); }).kind;
  }

  Place place_;
  std::filesystem::path file_ = file_in(place_.path());
};

TEST_F(SqliteRowsTest, HasALineForEveryTableAndColumn) {
  open_sqlite(file_).reset();
  Database database(file_, Database::Access::read_only);
  std::set<std::string> known, stored;
  for (const TableLeftOut& table : tables_left_out()) known.emplace(table.name);
  for (const Table& table : copied_tables()) {
    known.emplace(table.name);
    std::set<std::string> carried{"row"}, columns{"row"};  // the row's own number: its file's business
    for (const Column& column : table.columns)
      carried.emplace(column.sqlite_opposite.empty() ? column.name : column.sqlite_opposite);
    auto found = database.prepare("SELECT name FROM pragma_table_info(?)");
    found.bind_all(table.name);
    while (found.step()) columns.emplace(found.text(0));
    EXPECT_EQ(carried, columns) << "name the new column of " << table.name << " in src/store/copy.cpp";
  }
  auto found = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'");
  while (found.step()) stored.emplace(found.text(0));
  for (const std::string& table : stored)
    EXPECT_TRUE(known.contains(table)) << "say in src/store/copy.cpp whether " << table << " is copied";
}

TEST_F(SqliteRowsTest, HasTheFileAlone) {
  const auto server = open_sqlite(file_);
  EXPECT_EQ(failure_of_opening(RawStore::Role::source), Kind::unavailable);
  EXPECT_EQ(failure_of_opening(RawStore::Role::target), Kind::unavailable);
}

TEST_F(SqliteRowsTest, MakesNoSource) {
  EXPECT_EQ(failure_of_opening(RawStore::Role::source), Kind::not_found);
  EXPECT_TRUE(std::filesystem::is_empty(place_.path()));
}

TEST_F(SqliteRowsTest, MakesATargetForItsOwnerOnly) {
  EXPECT_EQ(failure_of_opening(RawStore::Role::target), std::nullopt);
  EXPECT_EQ(std::filesystem::status(file_).permissions(), std::filesystem::perms(0600));
}

}  // namespace
}  // namespace gennaker::store
