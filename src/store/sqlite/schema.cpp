#include "store/sqlite/schema.h"

#include <array>

#include "base/error.h"
#include "store/copy.h"

namespace gennaker::store::sqlite {
namespace {

// "Gnkr": says whose file it is, also to file(1).
constexpr std::int64_t application_id = 0x476e6b72;

// Large texts stand last in their rows, so that reading what is before them leaves their pages alone.
// The indexes carry the sort keys of the lists: build time, then id. `complete` = nothing is left to do; the
// indexes over what is not complete stay small whatever has been stored.
constexpr const char* first_schema = R"sql(
CREATE TABLE executions(
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  type INTEGER NOT NULL,
  application TEXT NOT NULL,
  pipeline_config_id TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  build_time INTEGER NOT NULL,
  complete INTEGER NOT NULL,
  status TEXT NOT NULL,
  name TEXT NOT NULL,
  start_time INTEGER,
  end_time INTEGER,
  header TEXT NOT NULL
) STRICT;
CREATE INDEX executions_by_time ON executions(build_time, id, type);
CREATE INDEX executions_by_application ON executions(application, build_time, id, type);
CREATE INDEX executions_by_config ON executions(pipeline_config_id, build_time, id, type)
  WHERE pipeline_config_id <> '';
CREATE INDEX executions_by_correlation ON executions(correlation_id, build_time, id)
  WHERE correlation_id <> '';
CREATE INDEX unfinished_by_application ON executions(application, build_time, id, type) WHERE complete = 0;
CREATE INDEX unfinished_by_config ON executions(pipeline_config_id, build_time, id, type)
  WHERE complete = 0 AND pipeline_config_id <> '';

CREATE TABLE stages(
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  execution_id TEXT NOT NULL REFERENCES executions(id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  outline TEXT NOT NULL,
  details TEXT NOT NULL
) STRICT;
CREATE INDEX stages_by_execution ON stages(execution_id);

CREATE TABLE documents(
  row INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  scope TEXT NOT NULL,
  current INTEGER NOT NULL,
  removed INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE(kind, id, version)
) STRICT;
CREATE UNIQUE INDEX current_documents ON documents(kind, id) WHERE current = 1;
CREATE INDEX current_documents_by_scope ON documents(kind, scope, id) WHERE current = 1;

CREATE TABLE feed(
  sequence INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  application TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
)sql";

// `refusal` is NULL until the command is answered.
constexpr const char* with_mail = R"sql(
CREATE TABLE commands(
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  execution_id TEXT NOT NULL,
  slot_of TEXT NOT NULL,
  refusal TEXT,
  event TEXT NOT NULL
) STRICT;
CREATE INDEX open_commands ON commands(slot_of) WHERE refusal IS NULL;

CREATE TABLE claims(
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  execution_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_by_execution ON claims(execution_id) WHERE execution_id <> '';
)sql";

// Position n brings version n to version n + 1. Only ever append.
constexpr std::array migrations{first_schema, with_mail};
constexpr std::int64_t known_version = migrations.size();

std::int64_t version_of(Database& database) {
  return database.number("PRAGMA user_version");
}

}  // namespace

void check_owner(Database& database, const std::filesystem::path& file) {
  const std::int64_t owner = database.number("PRAGMA application_id");
  const std::int64_t version = version_of(database);
  const bool empty = database.number("SELECT count(*) FROM sqlite_schema") == 0;
  if (owner != application_id && !(owner == 0 && version == 0 && empty)) {
    throw base::Error(base::Kind::invalid,
                      fmt::format("{} is a database of another program: name another file", file.string()));
  }
  if (version > known_version) {
    throw base::Error(
        base::Kind::invalid,
        fmt::format("{} was written by a newer version of Gennaker (schema {}, this one knows {}): "
                    "run that version, or restore a backup made before the upgrade",
                    file.string(), version, known_version));
  }
}

bool has_unfinished_copy(Database& database) {
  auto found = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?");
  found.bind_all(unfinished_copy_table);
  return found.step();
}

void refuse_unfinished_copy(Database& database, const std::filesystem::path& file) {
  if (has_unfinished_copy(database))
    throw base::Error(base::Kind::conflict, unfinished_copy_message("sqlite:" + file.string()));
}

std::int64_t known_schema() {
  return known_version;
}

void migrate(Database& database, std::int64_t version) {
  Transaction transaction(database, Transaction::Kind::write);
  const std::int64_t stored = version_of(database);
  if (stored >= version) return;
  for (auto at = stored; at < version; ++at) database.run(migrations[static_cast<std::size_t>(at)]);
  database.run(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", application_id, version));
  transaction.commit();
}

}  // namespace gennaker::store::sqlite
