#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>

#include "store/store.h"

namespace gennaker::store {

struct SqliteOptions {
  /// What of the feed can still be read: an entry goes when it is beyond either of the two. The newest stays.
  std::size_t feed_entries = 100'000;
  std::chrono::hours feed_age{24};  ///< counted from the newest entry
  /// How long a call waits for another program (a shell, a backup) that has locked the file.
  std::chrono::milliseconds lock_patience{5000};
};

/// The store in one SQLite file (WAL, synchronous = FULL), which is created when missing, with its directory.
/// One process owns the file, through `<file>.lock`. The time to open does not depend on what is stored.
///
/// Destroying it waits until what was asked is answered; nothing may be asked any more by then.
/// Throws base::Error: `unavailable` (in use by another process, no right, no space), `invalid` (not a file
/// of ours, or of a newer version), `conflict` (a copy into it has not ended); the message says what to do.
std::unique_ptr<Store> open_sqlite(std::filesystem::path file, SqliteOptions options = {});

}  // namespace gennaker::store
