#pragma once

#include <filesystem>

#include "store/sqlite/database.h"

namespace gennaker::store::sqlite {

/// Throws base::Error `invalid` when the file belongs to another program or to a newer version of this one.
/// Changes nothing.
void check_owner(Database& database, const std::filesystem::path& file);

/// Whether somebody copies into it, or did and was stopped.
bool has_unfinished_copy(Database& database);
/// Throws base::Error `conflict` then.
void refuse_unfinished_copy(Database& database, const std::filesystem::path& file);

/// Makes the tables, or brings those of an older version up to date, all or nothing.
void migrate(Database& database);

}  // namespace gennaker::store::sqlite
