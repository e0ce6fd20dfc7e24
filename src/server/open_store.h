#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "server/options.h"
#include "store/copy.h"
#include "store/store.h"

namespace gennaker::server {

/// Opens what `options.store` names: "postgresql://user:password@host:port/database" or "sqlite:FILE"; empty:
/// gennaker.db in the data folder.
/// Throws base::Error as the stores do; `invalid` for what is neither. No message repeats a password.
std::unique_ptr<store::Store> open_store(const Options& options);

/// The same for the log: without a password. Throws as open_store does for what is neither.
std::string shown_store(const Options& options);

/// The rows of the store that `url` names, for who has it alone. Throws as open_store does.
std::unique_ptr<store::RawStore> open_raw_store(const std::string& url, store::RawStore::Role role);

bool is_postgres(const std::string& url);
/// The file of an SQLite store; nullopt for PostgreSQL. Throws `invalid` for what is neither.
std::optional<std::filesystem::path> sqlite_file_of(const std::string& url);

}  // namespace gennaker::server
