#pragma once

#include <cstdint>
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

/// The newest version, which this program writes.
std::int64_t known_schema();

/// Makes the tables, or brings those of an older version up to date, all or nothing. What is newer than
/// `version` is left out: for tests. A server of the version before may go on meanwhile and after: tables and
/// columns may come that it need not know of, nothing may go.
void migrate(Database& database, std::int64_t version = known_schema());

}  // namespace gennaker::store::sqlite
