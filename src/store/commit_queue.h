#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "store/store.h"

namespace gennaker::store {

/// Who wants to commit, and the one thread that writes. Whatever has been queued while a commit ran shares
/// the next one, so that the price of a sync is split among all who wait for it.
class CommitQueue {
 public:
  using Answer = std::function<void(std::exception_ptr, bool)>;
  using Listener = std::function<void(const std::vector<FeedEntry>&)>;
  struct Request {
    Changes changes;
    Answer answer;
    std::exception_ptr refusal = {};
  };
  /// Writes a batch in one transaction, each request all or nothing: fills `refusal` where it cannot be done.
  /// Returns what has become readable in the feed. Throws when none of the batch is known to be on disk.
  using Write = std::function<std::vector<FeedEntry>(std::vector<Request>&)>;

  /// `write` is called on the queue's thread, not before the first commit.
  explicit CommitQueue(Write write);
  /// Commits what is queued, then ends.
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  /// `answer` is called once, on the queue's thread. Threads: any.
  void commit(Changes changes, Answer answer);
  void add_listener(Listener listener);
  /// Called, on the queue's thread, after commits with commands or answers.
  void on_mail(std::function<void()> listener);
  /// Calls `write` with an empty batch soon: for news that others have written.
  void poke();
  /// Threads: any.
  Pulse pulse() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  void work();
  void tell(std::vector<Request>& batch, const std::vector<FeedEntry>& fresh);
  std::optional<std::vector<Request>> take_batch();
  /// Empty: it is written.
  void note_end(std::string failure);

  Write write_;
  std::vector<Listener> listeners_;
  std::function<void()> on_mail_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> queue_;
  bool poked_ = false;
  bool ending_ = false;
  std::optional<Time> writing_since_;
  std::string failure_;
  Time failed_at_{};
  std::thread thread_;
};

}  // namespace gennaker::store
