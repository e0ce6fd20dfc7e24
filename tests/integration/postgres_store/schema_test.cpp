#include "store/postgres/schema.h"

#include <thread>

#include "databases.h"
#include "store/store_contract.h"
#include "testing/schema_law.h"

namespace gennaker::store::postgres {
namespace {

using gennaker::testing::breaks_between;
using gennaker::testing::Schema;
using Breaks = std::vector<std::string>;

Schema schema_of(Connection& connection) {
  Schema schema;
  const Result columns = connection.run(
      "SELECT table_name, column_name, data_type, is_nullable = 'NO' AND column_default IS NULL"
      " FROM information_schema.columns WHERE table_schema = 'public'");
  for (int row = 0; row < columns.rows(); ++row) {
    schema.tables[std::string(columns.text(row, 0))][std::string(columns.text(row, 1))] = {
        std::string(columns.text(row, 2)), columns.truth(row, 3)};
  }
  const Result constraints = connection.run(
      "SELECT relname, pg_get_constraintdef(pg_constraint.oid) FROM pg_constraint JOIN pg_class ON "
      "pg_class.oid = conrelid"
      " WHERE connamespace = 'public'::regnamespace"
      " UNION ALL SELECT tablename, indexdef FROM pg_indexes"
      " WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%'"
      " UNION ALL SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE NOT "
      "tgisinternal");
  for (int row = 0; row < constraints.rows(); ++row)
    schema.constraints[std::string(constraints.text(row, 0))].emplace(constraints.text(row, 1));
  return schema;
}

class PostgresSchema : public ::testing::Test {
 protected:
  /// What a server of the version before the statement would trip over.
  Breaks breaks_by(const std::string& sql) {
    const Schema before = schema_of(connection_);
    const Rollback rollback(connection_);
    connection_.run("BEGIN");
    connection_.run_script(sql);
    return breaks_between(before, schema_of(connection_));
  }

  Place place_;
  Connection connection_{Address(url_of(place_.path())), std::chrono::seconds(30)};
};

TEST_F(PostgresSchema, EachVersionLetsTheOneBeforeGoOn) {
  migrate(connection_, 1);
  for (std::int64_t version = 2; version <= known_schema(); ++version) {
    const Schema before = schema_of(connection_);
    migrate(connection_, version);
    EXPECT_EQ(breaks_between(before, schema_of(connection_)), Breaks()) << "version " << version;
  }
  EXPECT_EQ(connection_.run("SELECT max(number) FROM gennaker_migrations").integer(0, 0), known_schema());
}

TEST_F(PostgresSchema, WhatWouldStopTheVersionBeforeIsFound) {
  migrate(connection_);
  EXPECT_EQ(
      breaks_by("CREATE TABLE more(a text NOT NULL); ALTER TABLE stages ADD COLUMN a bigint;"
                "ALTER TABLE stages ADD COLUMN b text NOT NULL DEFAULT ''; CREATE INDEX few ON stages(b)"),
      Breaks());
  EXPECT_EQ(breaks_by("DROP TABLE feed"), Breaks{"feed is gone"});
  EXPECT_EQ(breaks_by("ALTER TABLE stages RENAME COLUMN details TO more"),
            (Breaks{"stages.details is gone", "stages.more is new and must be given"}));
  EXPECT_EQ(breaks_by("ALTER TABLE executions ALTER COLUMN start_time SET NOT NULL"),
            Breaks{"executions.start_time must be given now"});
  EXPECT_EQ(breaks_by("ALTER TABLE stages ALTER COLUMN ordinal TYPE text"),
            Breaks{"stages.ordinal was integer and is text"});
  EXPECT_EQ(breaks_by("ALTER TABLE stages ADD CHECK (ordinal > 1)"),
            Breaks{"stages has a new constraint: CHECK ((ordinal > 1))"});
}

}  // namespace
}  // namespace gennaker::store::postgres
