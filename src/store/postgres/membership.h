#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "store/postgres/connection.h"
#include "store/postgres/postgres_store.h"

namespace gennaker::store::postgres {

/// This server among those that share the database. A thread of its own keeps the lease alive, takes over
/// what belonged to servers that have gone, and hears what others write: by LISTEN, or, where a pooler or the
/// database does not carry that, by looking.
///
/// A server is there while its row in `replicas` is. Whoever takes over deletes that row first; a commit
/// holds it until it ends, so that either the commit is seen by who takes over, or it finds the row gone.
class Membership {
 public:
  /// Joins. The tables must be there. Throws base::Error as Connection does.
  Membership(const Address& address, PostgresOptions options);
  /// Leaves: what is this server's own is free at once.
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  // Threads: any.

  Lease lease() const { return lease_; }
  /// Whether others are there who want to be notified.
  bool alone() const { return alone_; }
  void watch(Watcher watcher);
  /// `listener` is called, on the thread, when others may have written news to the feed; nullptr: no more,
  /// from when this returns.
  void on_news(std::function<void()> listener);
  /// Whoever was told of news could not read them.
  void tell_again() { news_seen_ = 0; }
  /// A commit found the row of this lease gone.
  void missing(Lease lease);

  /// Makes the execution this server's own if it is nobody's. Store::lease_on.
  std::optional<Lease> lease_on(Connection& connection, const std::string& execution_id);

 private:
  using Ids = std::vector<std::string>;

  // All on the thread, but for the first `connect` and `join`.
  void work();
  void connect();
  void listen_until(std::chrono::steady_clock::time_point end);
  void beat();
  void look_for_news();
  void hear(std::string_view what);
  bool renew();
  Ids join();  ///< gives back what is to be taken up
  void take_over();
  void rejoin(Lease lost);
  void tell_inherited(Ids ids);
  void leave();

  bool ending();
  void wake();
  void wait(std::chrono::milliseconds longest);

  Address address_;
  PostgresOptions options_;
  std::optional<Connection> connection_;
  bool listening_ = false;
  /// Numbers of what was written, as they were seen last.
  std::atomic<std::int64_t> news_seen_ = 0, mail_seen_ = 0;
  std::chrono::steady_clock::time_point last_tidied_{};
  std::atomic<Lease> lease_ = 0, missing_ = 0;
  std::atomic<bool> alone_ = true;

  std::mutex mutex_;  ///< guards the next three
  Watcher watcher_;
  std::function<void()> on_news_;
  bool ending_ = false;
  int wake_;  ///< an eventfd that ends waits
  std::thread thread_;
};

/// Tells other servers, when the transaction commits.
Statement notify(std::string_view what);
/// What they are told of: the feed has news; there are commands or answers; a server has come or gone.
constexpr std::string_view news = "news", mail = "mail", servers = "servers";

}  // namespace gennaker::store::postgres
