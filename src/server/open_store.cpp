#include "server/open_store.h"

#include <filesystem>

#include "base/error.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/raw_store.h"
#include "store/sqlite/raw_store.h"
#include "store/sqlite/sqlite_store.h"

namespace gennaker::server {
namespace {

/// nullopt: it is in PostgreSQL.
std::optional<std::filesystem::path> sqlite_file(const Options& options) {
  return options.store.empty() ? options.data / "gennaker.db" : sqlite_file_of(options.store);
}

}  // namespace

bool is_postgres(const std::string& url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

std::optional<std::filesystem::path> sqlite_file_of(const std::string& url) {
  constexpr std::string_view scheme = "sqlite:";
  if (is_postgres(url)) return std::nullopt;
  if (url.starts_with(scheme) && url.size() > scheme.size()) return url.substr(scheme.size());
  // Not even its beginning is repeated: who forgot the scheme may have begun with a password.
  throw base::Error(base::Kind::invalid,
                    "the store is neither postgresql://user:password@host:port/database nor sqlite:FILE",
                    {{"field", "store"}});
}

std::unique_ptr<store::Store> open_store(const Options& options) {
  if (const auto file = sqlite_file(options)) return store::open_sqlite(*file);
  return store::open_postgres(options.store);
}

std::string shown_store(const Options& options) {
  if (const auto file = sqlite_file(options)) return "sqlite:" + file->string();
  return store::shown_postgres(options.store);
}

std::unique_ptr<store::RawStore> open_raw_store(const std::string& url, store::RawStore::Role role) {
  if (const auto file = sqlite_file_of(url)) return store::open_raw_sqlite(*file, role);
  return store::open_raw_postgres(url, role);
}

}  // namespace gennaker::server
