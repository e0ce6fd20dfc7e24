#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "clients/haproxy/configuration.h"

/// HAProxy 2.6's runtime API through the master's command line.
/// Source: https://docs.haproxy.org/2.6/management.html, sections 9.3 and 9.4
namespace gennaker::clients::haproxy {

using base::Async;

struct Processes {
  int master = 0;
  int worker = 0;                ///< 0: there is none at the moment
  std::vector<int> old_workers;  ///< of earlier configurations, finishing their connections
};

enum class AdminState { ready, drain, maintenance };

struct ServerState {
  std::string proxy;
  std::string name;
  int port = 0;
  AdminState admin = AdminState::ready;
  bool up = false;      ///< by HAProxy's own checks
  int connections = 0;  ///< requests under way or queued
};

/// Asks the HAProxy whose master socket is in one directory. Each call is one connection with a deadline of
/// some seconds. Throws base::Error: `unavailable` (it does not run), `timeout`, `not_found` (no such back
/// end, server or worker), `conflict` (the server exists already), `invalid` with HAProxy's own words.
class RuntimeApi {
 public:
  explicit RuntimeApi(std::string directory) : directory_(std::move(directory)) {}

  Async<Processes> processes();
  /// `description` of the configuration that `worker` has.
  Async<std::string> structure(int worker);
  Async<std::vector<ServerState>> servers(int worker);
  /// The new server is checked, and gets traffic at once.
  Async<void> add_server(int worker, std::string proxy, Server server);
  Async<void> set_state(int worker, std::string proxy, std::string server, AdminState state);
  /// false: it still has connections; ask again later. The server must be in maintenance.
  Async<bool> delete_server(int worker, std::string proxy, std::string server);
  /// Ends the requests under way.
  Async<void> end_sessions(int worker, std::string proxy, std::string server);
  /// Reads the configuration file again. Answers before the new worker is there.
  Async<void> reload();

 private:
  Async<std::string> ask(std::string command);
  Async<std::string> ask_worker(int worker, std::string command);

  std::string directory_;
};

/// The parsers of its answers.
Processes processes_of(std::string_view answer);
std::vector<ServerState> servers_of(std::string_view servers_state, std::string_view stat);

}  // namespace gennaker::clients::haproxy
