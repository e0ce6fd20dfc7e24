#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/memory/memory_store.h"

namespace gennaker::testing {

/// A store that several servers share, in memory: what the PostgreSQL store does with its table of replicas
/// and the owners of executions, but for time. Who counts as gone is said by whoever tests. The lease 0 is
/// that of a server that is alone: all is its own.
class SharedMemory {
 public:
  store::MemoryStore& store() { return store_; }
  /// What is written to the feed is dropped from now on: for those who have no reader of it and live long.
  void drop_feed() { keeps_feed_ = false; }

  /// A server comes; what belongs to nobody is its own.
  store::Lease join();
  /// The server counts as gone.
  void remove(store::Lease lease) { there_.erase(lease); }
  const std::set<store::Lease>& there() const { return there_; }
  bool is_there(store::Lease lease) const { return lease == 0 || there_.contains(lease); }
  /// Gives what belongs to nobody that is there to `heir`, and says what of it is active.
  std::vector<std::string> take_over(store::Lease heir);
  store::Lease owner_of(const std::string& execution_id) const;

  // What a server asks.

  /// Throws store::LeaseLost, and what MemoryStore throws.
  void commit(store::Changes changes);
  std::optional<store::Lease> lease_on(store::Lease mine, const std::string& execution_id);
  std::vector<std::string> unfinished(store::Lease mine);
  std::vector<store::Command> commands(store::Lease mine);

 private:
  std::vector<std::string> active();
  std::vector<store::Command> open_commands();

  store::MemoryStore store_;
  bool keeps_feed_ = true;
  boost::asio::io_context io_{1};
  store::Lease last_ = 0;
  std::set<store::Lease> there_;
  std::map<std::string, store::Lease> owners_;
};

}  // namespace gennaker::testing
