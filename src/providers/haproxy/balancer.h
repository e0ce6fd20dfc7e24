#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "clients/haproxy/configuration.h"
#include "clients/haproxy/runtime_api.h"
#include "providers/shim/ground.h"
#include "providers/shim/waiting.h"

namespace gennaker::providers {

namespace haproxy = clients::haproxy;

/// The HAProxy of one account: one process for all its load balancers, in a directory of its own. A shim
/// holds it like an instance, so that it outlives the server and is started again when it is killed, with the
/// servers of the last configuration file, also while the server is down.
/// Threads: the executor's one.
class Balancer {
 public:
  struct ServerView {
    bool up = false;        ///< by HAProxy's own checks
    bool draining = false;  ///< gets nothing new
    int connections = 0;
  };
  using Wanted = std::function<haproxy::Configuration()>;

  /// `program`: a path, or a name to be found in `search_path` or where Debian puts it.
  Balancer(const Ground& ground, std::string directory, std::string program, std::string search_path);

  /// HAProxy's path. Throws `unavailable`, naming Debian's package, when it is not installed.
  std::string expect_program() const;

  /// The servers of the last configuration file: those that had traffic when this process was not looking.
  /// Blocks.
  std::map<std::string, std::set<std::string>> servers_on_file() const;

  /// Brings HAProxy to what `wanted` says at the moment of its turn: writes the file, then starts, reloads or
  /// changes servers at run time, whatever is the least. A server that is no longer wanted is drained, and
  /// removed by a later call when its requests have ended. Without proxies HAProxy is stopped.
  /// Throws base::Error `unavailable` with HAProxy's own words.
  Async<void> reconcile(Wanted wanted);

  /// These servers are removed with the next reconcile, whatever requests they have.
  void cut(const std::set<std::string>& servers) { cut_.insert(servers.begin(), servers.end()); }

  /// As of the last reconcile. `lingering`: not wanted, but still in some worker, with their requests.
  const std::map<std::string, std::map<std::string, ServerView>>& view() const { return view_; }
  const std::map<std::string, int>& lingering() const { return lingering_; }
  bool running() const { return running_; }

 private:
  Async<void> shut_down();
  Async<void> write(std::string text);
  Async<bool> answers();
  Async<void> launch(std::string structure);
  Async<void> await_structure(std::string structure);
  Async<void> sync(int worker, haproxy::Configuration wanted, bool current);
  Async<void> add_missing(int worker, const haproxy::Configuration& wanted,
                          std::vector<haproxy::ServerState> states, bool current);
  Async<void> remove(int worker, haproxy::ServerState state, bool current);
  void note_unwanted(const haproxy::ServerState& state, bool current);

  const Ground& ground_;
  std::string directory_;
  std::string program_, search_path_;
  haproxy::RuntimeApi api_;
  Turn turn_;
  std::string written_;  ///< the configuration file, as far as this process knows
  std::set<std::string> cut_;
  std::map<std::string, std::map<std::string, ServerView>> view_, new_view_;
  std::map<std::string, int> lingering_, new_lingering_;
  bool running_ = false;
};

}  // namespace gennaker::providers
