#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "store/store.h"

namespace gennaker::store {

struct FeedTailOptions {
  /// The tail holds at most so many entries, and texts of at most so many bytes.
  std::size_t entries = 1024;
  std::size_t bytes = 4 * 1024 * 1024;
};

/// Where everybody waits who follows the feed (streams, notifications, waiting requests), each with a cursor
/// of its own. Who keeps up is served from a tail in memory; who is behind reads from the store.
///
/// Make it before the store's first commit. Ending it ends all waits: do so while the executors of those who
/// wait still run. The store must outlive every `next`. Threads: any.
class FeedReader {
 public:
  explicit FeedReader(Store& store, FeedTailOptions options = {});
  ~FeedReader();
  FeedReader(const FeedReader&) = delete;
  FeedReader& operator=(const FeedReader&) = delete;

  /// Entries after `after`, oldest first, at least one and at most `limit` (of which at least 1 is meant).
  /// Waits until there is one. What has been pruned is skipped: who must not miss anything compares its
  /// cursor with Store::feed_range. Resumes on the caller's executor.
  ///
  /// Ends with boost::system::system_error `operation_aborted` when it is cancelled or the reader ends;
  /// throws base::Error as the store does.
  Async<std::vector<FeedEntry>> next(std::uint64_t after, std::size_t limit);

 private:
  class Tail;
  Store& store_;
  std::shared_ptr<Tail> tail_;
};

}  // namespace gennaker::store
