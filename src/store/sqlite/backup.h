#pragma once

#include <filesystem>

namespace gennaker::store {

/// Writes what a store holds at one moment into a new file, which is a store again. A server may go on
/// working with it meanwhile. `copy` is there when it is whole and on disk; until then, `copy`.part grows.
/// Throws base::Error: `not_found` (no such store), `conflict` (`copy` is there already), as open_sqlite
/// does.
void back_up_sqlite(const std::filesystem::path& file, const std::filesystem::path& copy);

}  // namespace gennaker::store
