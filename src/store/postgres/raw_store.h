#pragma once

#include <memory>
#include <string>

#include "store/copy.h"

namespace gennaker::store {

/// The rows of a store in a PostgreSQL database, whose tables are brought up to date.
/// Throws base::Error as open_postgres does.
std::unique_ptr<RawStore> open_raw_postgres(const std::string& url, RawStore::Role role);

}  // namespace gennaker::store
