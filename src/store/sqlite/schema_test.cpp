#include "store/sqlite/schema.h"

#include <gtest/gtest.h>

#include "store/store_contract.h"
#include "testing/schema_law.h"

namespace gennaker::store::sqlite {
namespace {

using gennaker::testing::breaks_between;
using gennaker::testing::Schema;
using Breaks = std::vector<std::string>;

Schema schema_of(Database& database) {
  Schema schema;
  auto columns = database.prepare(
      "SELECT t.name, c.name, c.type, c.\"notnull\" AND c.dflt_value IS NULL AND c.pk = 0"
      " FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'");
  while (columns.step()) {
    schema.tables[std::string(columns.text(0))][std::string(columns.text(1))] = {std::string(columns.text(2)),
                                                                                 columns.integer(3) != 0};
  }
  auto unique = database.prepare(
      "SELECT t.name, 'unique ' || (SELECT group_concat(coalesce(name, 'expression')) FROM "
      "pragma_index_info(i.name))"
      " || CASE WHEN i.partial THEN ' of some rows' ELSE '' END"
      " FROM sqlite_schema AS t, pragma_index_list(t.name) AS i WHERE t.type = 'table' AND i.\"unique\""
      " UNION ALL SELECT t.name, 'refers to ' || f.\"table\" || ' by ' || f.\"from\""
      " FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table'"
      " UNION ALL SELECT tbl_name, 'trigger ' || name FROM sqlite_schema WHERE type = 'trigger'");
  while (unique.step()) schema.constraints[std::string(unique.text(0))].emplace(unique.text(1));
  return schema;
}

class SqliteSchema : public ::testing::Test {
 protected:
  /// What a server of the version before the statement would trip over.
  Breaks breaks_by(const std::string& sql) {
    const Schema before = schema_of(database_);
    Transaction transaction(database_, Transaction::Kind::write);
    database_.run(sql);
    return breaks_between(before, schema_of(database_));
  }

  Place place_;
  Database database_{place_.path() / "gennaker.db", Database::Access::read_write};
};

TEST_F(SqliteSchema, EachVersionLetsTheOneBeforeGoOn) {
  migrate(database_, 1);
  for (std::int64_t version = 2; version <= known_schema(); ++version) {
    const Schema before = schema_of(database_);
    migrate(database_, version);
    EXPECT_EQ(breaks_between(before, schema_of(database_)), Breaks()) << "version " << version;
  }
  EXPECT_EQ(database_.number("PRAGMA user_version"), known_schema());
}

TEST_F(SqliteSchema, WhatWouldStopTheVersionBeforeIsFound) {
  migrate(database_);
  EXPECT_EQ(
      breaks_by("CREATE TABLE more(a TEXT NOT NULL); ALTER TABLE stages ADD COLUMN a INTEGER;"
                "ALTER TABLE stages ADD COLUMN b TEXT NOT NULL DEFAULT ''; CREATE INDEX few ON stages(b)"),
      Breaks());
  EXPECT_EQ(breaks_by("DROP TABLE feed"), Breaks{"feed is gone"});
  EXPECT_EQ(breaks_by("ALTER TABLE stages RENAME COLUMN details TO more"),
            (Breaks{"stages.details is gone", "stages.more is new and must be given"}));
  EXPECT_EQ(breaks_by("CREATE UNIQUE INDEX one ON stages(ordinal)"),
            Breaks{"stages has a new constraint: unique ordinal"});
  EXPECT_EQ(breaks_by("DROP TABLE feed; CREATE TABLE feed(sequence TEXT, at INTEGER NOT NULL, kind TEXT,"
                      " application TEXT, subject TEXT, body TEXT)"),
            Breaks{"feed.sequence was INTEGER and is TEXT"});
  EXPECT_EQ(breaks_by("CREATE TRIGGER t BEFORE INSERT ON feed BEGIN SELECT 1; END"),
            Breaks{"feed has a new constraint: trigger t"});
}

}  // namespace
}  // namespace gennaker::store::sqlite
