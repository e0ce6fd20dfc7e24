#include "server/open_store.h"

#include <filesystem>

#include "base/error.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"

namespace gennaker::server {
namespace {

bool is_postgres(const std::string& url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

std::filesystem::path sqlite_file(const Options& options) {
  constexpr std::string_view scheme = "sqlite:";
  if (options.store.empty()) return options.data / "gennaker.db";
  if (options.store.starts_with(scheme) && options.store.size() > scheme.size())
    return options.store.substr(scheme.size());
  // Not even its beginning is repeated: who forgot the scheme may have begun with a password.
  throw base::Error(base::Kind::invalid,
                    "the store is neither postgresql://user:password@host:port/database nor sqlite:FILE",
                    {{"field", "store"}});
}

}  // namespace

std::unique_ptr<store::Store> open_store(const Options& options) {
  if (is_postgres(options.store)) return store::open_postgres(options.store);
  return store::open_sqlite(sqlite_file(options));
}

std::string shown_store(const Options& options) {
  if (is_postgres(options.store)) return store::shown_postgres(options.store);
  return "sqlite:" + sqlite_file(options).string();
}

}  // namespace gennaker::server
