#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "store/store.h"

namespace gennaker::store {

struct PostgresOptions {
  /// What of the feed can still be read, more or less: an entry may go when it is beyond either of the two.
  std::size_t feed_entries = 100'000;
  std::chrono::hours feed_age{24};  ///< counted from the newest entry
  std::size_t prune_every = 1000;   ///< entries written between two looks at what is too old
  /// How long an answer of the database may take before the connection counts as lost.
  std::chrono::milliseconds answer_patience{30'000};
  /// A server that has not been heard of for so long counts as gone, and others take over what was its own.
  std::chrono::milliseconds lease{2'500};
  /// How often each server makes itself heard, and looks for those that have gone.
  std::chrono::milliseconds heartbeat{500};
  /// How often it looks for news of others where the database does not bring them: behind a pooler.
  std::chrono::milliseconds look_for_news{50};
};

/// The store in a PostgreSQL database (15 or newer), directly or through a pooler that gives each transaction
/// another session (PgBouncer in transaction mode). Makes its tables when they are missing. Any number of
/// servers may share a database: each joins them when it opens the store, and hands over what is its own when
/// it closes it.
///
/// A connection that was lost is made anew by the next call. Destroying the store waits until what was asked
/// is answered; nothing may be asked any more by then.
///
/// `url`: postgresql://user:password@host:port/database?option=value, as libpq reads it.
/// Throws base::Error: `unavailable` (no connection), `invalid` (not such a URL, a user that is not let in,
/// tables of another program or of a newer version, no right), `conflict` (a copy into it has not ended); the
/// message says what to do, and never the password.
std::unique_ptr<Store> open_postgres(const std::string& url, PostgresOptions options = {});

/// For logs: the URL without its password. Throws as open_postgres does for what is none.
std::string shown_postgres(const std::string& url);

}  // namespace gennaker::store
