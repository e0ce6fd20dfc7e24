#include "store/postgres/schema.h"

#include <array>

#include "store/copy.h"

namespace gennaker::store::postgres {
namespace {

using base::Error;
using base::Kind;

// Times are milliseconds, JSON is text: what is read is what was written. Keys are compared byte by byte,
// whatever the database's language; so do the indexes that carry the sort keys of the lists: build time, then
// id. Those over what is active stay small whatever has been stored.
//
// feed_head has one row, the number of the feed's newest entry. Who commits news holds it until then, so that
// numbers become visible in their order, which a sequence's do not. document_lock has one row, which is held
// by who writes documents or relies on their versions.
//
// A stage is written when it begins and again when it ends: the room left in a page takes the second row, and
// then no index has to learn of it.
constexpr const char* first_schema = R"sql(
CREATE TABLE executions(
  id text COLLATE "C" PRIMARY KEY,
  type integer NOT NULL,
  application text COLLATE "C" NOT NULL,
  pipeline_config_id text COLLATE "C" NOT NULL,
  correlation_id text COLLATE "C" NOT NULL,
  build_time bigint NOT NULL,
  active boolean NOT NULL,
  status text COLLATE "C" NOT NULL,
  name text NOT NULL,
  start_time bigint,
  end_time bigint,
  header text NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX executions_by_time ON executions(build_time, id, type);
CREATE INDEX executions_by_application ON executions(application, build_time, id, type);
CREATE INDEX executions_by_config ON executions(pipeline_config_id, build_time, id, type)
  WHERE pipeline_config_id <> '';
CREATE INDEX executions_by_correlation ON executions(correlation_id, build_time, id) WHERE correlation_id <> '';
CREATE INDEX unfinished_by_application ON executions(application, build_time, id, type) WHERE active;
CREATE INDEX unfinished_by_config ON executions(pipeline_config_id, build_time, id, type)
  WHERE active AND pipeline_config_id <> '';

CREATE TABLE stages(
  id text COLLATE "C" PRIMARY KEY,
  execution_id text COLLATE "C" NOT NULL REFERENCES executions(id) ON DELETE CASCADE,
  ordinal integer NOT NULL,
  outline text NOT NULL,
  details text NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX stages_by_execution ON stages(execution_id);

CREATE TABLE documents(
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  scope text COLLATE "C" NOT NULL,
  current boolean NOT NULL,
  removed boolean NOT NULL,
  updated_at bigint NOT NULL,
  updated_by text NOT NULL,
  body text NOT NULL,
  PRIMARY KEY(kind, id, version)
);
CREATE UNIQUE INDEX current_documents ON documents(kind, id) WHERE current;
CREATE INDEX current_documents_by_scope ON documents(kind, scope, id) WHERE current;

CREATE TABLE feed(
  sequence bigint PRIMARY KEY,
  at bigint NOT NULL,
  kind text NOT NULL,
  application text NOT NULL,
  subject text NOT NULL,
  body text NOT NULL
);
CREATE TABLE feed_head(sequence bigint NOT NULL);
INSERT INTO feed_head VALUES(0);
CREATE TABLE document_lock(holders integer NOT NULL);
INSERT INTO document_lock VALUES(1);
)sql";

// A server has a row in `replicas` from when it joins until it counts as gone; an execution belongs to the
// one that its `owner` names, as long as that row is there. 0: nobody's. `refusal` is NULL until the command
// is answered. replicas.commits counts a server's commits, so that one whose answer was lost can be known;
// feed_head.mail counts commits with commands or answers.
constexpr const char* with_replicas = R"sql(
CREATE TABLE replicas(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  alive_until timestamp with time zone NOT NULL,
  commits bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

ALTER TABLE executions ADD COLUMN owner bigint NOT NULL DEFAULT 0;

CREATE TABLE commands(
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  execution_id text COLLATE "C" NOT NULL,
  slot_of text COLLATE "C" NOT NULL,
  event text NOT NULL,
  refusal text,
  answered_at timestamp with time zone
);
CREATE INDEX open_commands ON commands(slot_of) WHERE refusal IS NULL;
CREATE INDEX answered_commands ON commands(answered_at) WHERE refusal IS NOT NULL;

CREATE TABLE claims(
  name text COLLATE "C" PRIMARY KEY,
  holder text COLLATE "C" NOT NULL,
  execution_id text COLLATE "C" NOT NULL
);
CREATE INDEX claims_by_execution ON claims(execution_id) WHERE execution_id <> '';

ALTER TABLE feed_head ADD COLUMN mail bigint NOT NULL DEFAULT 0;
)sql";

// Position n brings version n to version n + 1. Only ever append.
constexpr std::array migrations{first_schema, with_replicas};
constexpr std::int64_t known_version = migrations.size();

constexpr int attempts_to_begin = 5;

void check_encoding(const Connection& connection) {
  const std::string encoding = connection.server_setting("server_encoding");
  if (encoding.empty() || encoding == "UTF8") return;
  throw Error(
      Kind::invalid,
      fmt::format("{} has the encoding {}, in which not every text can be stored: name a database that"
                  " was created with ENCODING 'UTF8'",
                  connection.shown(), encoding));
}

bool is_begun(Connection& connection) {
  return connection.run("SELECT to_regclass('gennaker_migrations') IS NOT NULL").truth(0, 0);
}

/// The table of migrations, with a row 0 to lock. Two that make it at once disturb each other: the loser
/// finds what the winner has made.
void begin(Connection& connection) {
  for (int attempt = 1; !is_begun(connection); ++attempt) {
    try {
      connection.run_script(
          "CREATE TABLE gennaker_migrations(number bigint PRIMARY KEY,"
          " applied_at timestamp with time zone NOT NULL DEFAULT now());"
          "INSERT INTO gennaker_migrations(number) VALUES(0)");
    } catch (const Failure& failure) {
      const bool outrun = failure.cause() == Failure::Cause::taken ||
                          failure.cause() == Failure::Cause::refused ||
                          failure.cause() == Failure::Cause::busy;
      if (!outrun || attempt == attempts_to_begin) throw;
    }
  }
}

std::int64_t version_of(Connection& connection) {
  const std::int64_t version = connection.run("SELECT max(number) FROM gennaker_migrations").integer(0, 0);
  if (version <= known_version) return version;
  throw Error(
      Kind::invalid,
      fmt::format("{} was written by a newer version of Gennaker (schema {}, this one knows {}): run that"
                  " version, or restore a backup made before the upgrade",
                  connection.shown(), version, known_version));
}

}  // namespace

std::int64_t known_schema() {
  return known_version;
}

void migrate(Connection& connection, std::int64_t version) {
  check_encoding(connection);
  begin(connection);
  if (version_of(connection) >= version) return;
  const Rollback rollback(connection);
  connection.run("BEGIN");
  connection.run("SELECT number FROM gennaker_migrations WHERE number = 0 FOR UPDATE");
  // Who waited for the lock may find the work done.
  for (auto at = version_of(connection); at < version; ++at) {
    connection.run_script(migrations[static_cast<std::size_t>(at)]);
    Statement note("INSERT INTO gennaker_migrations(number) VALUES($1)");
    note.number(at + 1);
    connection.run(note);
  }
  connection.run("COMMIT");
}

bool has_unfinished_copy(Connection& connection) {
  Statement statement("SELECT to_regclass($1) IS NOT NULL");
  statement.text(unfinished_copy_table);
  return connection.run(statement).truth(0, 0);
}

void refuse_unfinished_copy(Connection& connection) {
  if (has_unfinished_copy(connection))
    throw Error(Kind::conflict, unfinished_copy_message(connection.shown()));
}

}  // namespace gennaker::store::postgres
