#include "store/sqlite/backup.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "store/sqlite/database.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sqlite_store.h"

namespace gennaker::store {
namespace {

using base::Error;
using base::Kind;
using sqlite::Database;

/// A file or a directory.
void sync_to_disk(const std::filesystem::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = descriptor >= 0 && fsync(descriptor) == 0;
  const std::string reason = std::strerror(errno);
  if (descriptor >= 0) close(descriptor);
  if (!done)
    throw Error(Kind::unavailable, fmt::format("cannot write {} to its disk: {}", path.string(), reason));
}

/// One transaction that reads: it holds up no writer, and sees nothing of what comes after its begin.
void write_copy(const std::filesystem::path& file, const std::filesystem::path& copy) {
  Database database(file, Database::Access::read_only);
  database.set_lock_patience(SqliteOptions().lock_patience);
  sqlite::check_owner(database, file);
  sqlite::refuse_unfinished_copy(database, file);
  auto statement = database.prepare("VACUUM INTO ?");
  const std::string name = copy.string();
  statement.bind_all(name);
  statement.run();
}

}  // namespace

void back_up_sqlite(const std::filesystem::path& file, const std::filesystem::path& copy) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    throw Error(Kind::not_found, fmt::format("there is no file {} to back up", file.string()));
  if (std::filesystem::exists(copy, ignored))
    throw Error(Kind::conflict, fmt::format("{} is there already: name a new file", copy.string()));
  const std::filesystem::path part = copy.string() + ".part";
  std::filesystem::remove(part, ignored);  // of a backup that was stopped
  write_copy(file, sqlite::made_private(part));
  sync_to_disk(part);
  std::filesystem::rename(part, copy);
  sync_to_disk(copy.has_parent_path() ? copy.parent_path() : ".");
}

}  // namespace gennaker::store
