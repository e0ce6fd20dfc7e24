#pragma once

#include <filesystem>
#include <memory>

#include "store/copy.h"

namespace gennaker::store {

/// The rows of a store in one SQLite file. The file is this process's alone as long as it is open, and its
/// tables are brought up to date.
/// Throws base::Error as open_sqlite does; `not_found` when there is no source of that name.
std::unique_ptr<RawStore> open_raw_sqlite(const std::filesystem::path& file, RawStore::Role role);

}  // namespace gennaker::store
