#include "providers/haproxy/balancer.h"

#include <sstream>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/logging.h"
#include "providers/shim/files.h"
#include "providers/shim/process_spec.h"
#include "providers/shim/shim_client.h"

namespace gennaker::providers {
namespace {

using base::Error;
using base::Kind;

constexpr int start_tries = 60;
constexpr milliseconds between_tries{100};
constexpr milliseconds stop_grace{5'000};

ProcessSpec haproxy_process(const std::string& program, const std::string& directory) {
  ProcessSpec spec;
  spec.command = {program, "-W",
                  "-S",    fmt::format("unix@{},mode,600,level,admin", haproxy::master_socket),
                  "-f",    std::string(haproxy::configuration_file)};
  spec.environment = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  spec.directory = directory;  // the sockets' names are relative: their paths may be too long
  // Traffic stands still until it is back.
  spec.first_restart_delay = milliseconds(50);
  spec.longest_restart_delay = milliseconds(5'000);
  spec.restart_reset_after = milliseconds(10'000);
  spec.log_files = 2;
  spec.stop_grace = stop_grace;
  return spec;
}

/// HAProxy's complaints among the last lines of its output.
std::string complaints(const std::string& log) {
  std::string found;
  std::istringstream lines(read_end(log, 4096));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("[ALERT]") || line.starts_with("gennaker:")) found += "\n" + line;
  }
  return found.empty() ? "; it says nothing" : found;
}

using Names = std::map<std::string, std::map<std::string, haproxy::Server>>;

Names wanted_names(const haproxy::Configuration& wanted) {
  Names names;
  for (const haproxy::Proxy& proxy : wanted.proxies) {
    auto& servers = names[proxy.name];
    for (const haproxy::Server& server : proxy.servers) servers[server.name] = server;
  }
  return names;
}

bool is_wanted(const Names& names, const haproxy::ServerState& state) {
  const auto proxy = names.find(state.proxy);
  if (proxy == names.end()) return false;
  const auto server = proxy->second.find(state.name);
  // The same name with another port is another instance: the old one has to go first.
  return server != proxy->second.end() && server->second.port == state.port;
}

}  // namespace

Balancer::Balancer(const Ground& ground, std::string directory, std::string program, std::string search_path)
    : ground_(ground),
      directory_(std::move(directory)),
      program_(std::move(program)),
      search_path_(std::move(search_path)),
      api_(directory_) {}

std::string Balancer::expect_program() const {
  if (program_.find('/') != std::string::npos) {
    if (access(program_.c_str(), X_OK) == 0) return program_;
  } else {
    // Debian puts it where only root's PATH looks.
    std::istringstream places(search_path_ + ":/usr/local/sbin:/usr/sbin");
    for (std::string place; std::getline(places, place, ':');) {
      const std::string program = place + "/" + program_;
      if (place.starts_with('/') && access(program.c_str(), X_OK) == 0) return program;
    }
  }
  // Nothing that passes by itself: whoever asks should not be kept waiting.
  throw Error(Kind::invalid,
              fmt::format("load balancers need HAProxy, but '{}' is not there; install Debian's package "
                          "'haproxy' (apt-get install haproxy)",
                          program_));
}

std::map<std::string, std::set<std::string>> Balancer::servers_on_file() const {
  const auto text = read_file(fmt::format("{}/{}", directory_, haproxy::configuration_file));
  return haproxy::servers_listed(text.value_or(""));
}

Async<void> Balancer::reconcile(Wanted wanted) {
  const auto turn = co_await turn_.take();
  const haproxy::Configuration configuration = wanted();
  if (configuration.proxies.empty()) {
    co_await shut_down();
    co_return;
  }
  const std::string structure = haproxy::structure_of(configuration);
  // The file first: whatever starts or reloads HAProxy from here on gets the same servers.
  co_await write(haproxy::write_configuration(configuration));
  running_ = co_await answers();
  if (!running_) co_await launch(structure);
  haproxy::Processes processes = co_await api_.processes();
  std::string running;
  if (processes.worker != 0) running = co_await api_.structure(processes.worker);
  if (running != structure) {
    co_await api_.reload();
    co_await await_structure(structure);
    processes = co_await api_.processes();
  }
  new_view_.clear();
  new_lingering_.clear();
  co_await sync(processes.worker, configuration, true);
  for (const int worker : processes.old_workers) {
    // It may end at any moment, and an old configuration may not know what is wanted.
    try {
      co_await sync(worker, configuration, false);
    } catch (const Error& error) {
      base::log::debug("haproxy: old worker {}: {}", worker, error.what());
    }
  }
  view_ = std::move(new_view_);
  lingering_ = std::move(new_lingering_);
  std::erase_if(cut_, [this](const std::string& name) { return !lingering_.contains(name); });
}

Async<void> Balancer::shut_down() {
  view_.clear();
  lingering_.clear();
  cut_.clear();
  running_ = false;
  if (access(directory_.c_str(), F_OK) != 0) co_return;
  co_await stop_shim(ground_.pool, directory_, stop_grace);
  written_.clear();
  auto work = [directory = directory_] { remove_tree(directory); };
  co_await base::run_blocking(ground_.pool, std::move(work));
}

Async<void> Balancer::write(std::string text) {
  if (text == written_) co_return;
  auto work = [text, directory = directory_, program = expect_program()] {
    make_directories(directory);
    const std::string process = base::to_pretty_text(to_json(haproxy_process(program, directory)));
    write_atomically(fmt::format("{}/{}", directory, haproxy::configuration_file), text);
    const std::string path = fmt::format("{}/{}", directory, instance_file);
    if (read_file(path) != process) write_atomically(path, process);
  };
  co_await base::run_blocking(ground_.pool, std::move(work));
  written_ = std::move(text);
}

Async<bool> Balancer::answers() {
  try {
    co_await api_.processes();
    co_return true;
  } catch (const Error& error) {
    if (error.kind() == Kind::timeout) throw;  // it is there: a second one would do harm
    co_return false;
  }
}

Async<void> Balancer::launch(std::string structure) {
  expect_program();
  auto work = [program = ground_.shim_program, directory = directory_] { start_shim(program, directory); };
  co_await base::run_blocking(ground_.pool, std::move(work));
  co_await await_structure(std::move(structure));
}

Async<void> Balancer::await_structure(std::string structure) {
  for (int tries = 0; tries < start_tries; ++tries) {
    try {
      const haproxy::Processes processes = co_await api_.processes();
      std::string running;
      if (processes.worker != 0) running = co_await api_.structure(processes.worker);
      if (running == structure) {
        running_ = true;
        co_return;
      }
    } catch (const Error& error) {
      base::log::debug("haproxy: not yet: {}", error.what());
    }
    co_await base::sleep_for(between_tries);
  }
  running_ = false;
  auto work = [log = fmt::format("{}/{}", directory_, output_log)] { return complaints(log); };
  const std::string said = co_await base::run_blocking(ground_.pool, std::move(work));
  throw Error(Kind::unavailable,
              fmt::format("HAProxy in {} did not take its configuration{}", directory_, said));
}

Async<void> Balancer::sync(int worker, haproxy::Configuration wanted, bool current) {
  const std::vector<haproxy::ServerState> states = co_await api_.servers(worker);
  // What is new comes before what is old goes, so that there is always one to answer.
  co_await add_missing(worker, wanted, states, current);
  const Names names = wanted_names(wanted);
  for (const haproxy::ServerState& state : states) {
    if (!is_wanted(names, state)) co_await remove(worker, state, current);
  }
  if (!current) co_return;
  for (const auto& [proxy, servers] : names) {
    for (const auto& [name, server] : servers) {
      const auto known = std::find_if(states.begin(), states.end(), [&](const haproxy::ServerState& state) {
        return state.proxy == proxy && state.name == name;
      });
      const bool same = known != states.end() && known->port == server.port;
      if (same) new_view_[proxy][name] = {.up = known->up, .connections = known->connections};
      if (known == states.end()) new_view_[proxy][name] = {.up = true};
    }
  }
}

Async<void> Balancer::add_missing(int worker, const haproxy::Configuration& wanted,
                                  std::vector<haproxy::ServerState> states, bool current) {
  for (const haproxy::Proxy& proxy : wanted.proxies) {
    for (const haproxy::Server& server : proxy.servers) {
      const auto known = std::find_if(states.begin(), states.end(), [&](const haproxy::ServerState& state) {
        return state.proxy == proxy.name && state.name == server.name;
      });
      if (known == states.end()) {
        try {
          co_await api_.add_server(worker, proxy.name, server);
        } catch (const Error& error) {
          // An old worker does not have the load balancers that are new.
          if (current || error.kind() != Kind::not_found) throw;
        }
      } else if (known->port == server.port && known->admin != haproxy::AdminState::ready) {
        co_await api_.set_state(worker, proxy.name, server.name, haproxy::AdminState::ready);
      }
    }
  }
}

void Balancer::note_unwanted(const haproxy::ServerState& state, bool current) {
  new_lingering_[state.name] += state.connections;
  if (current) {
    new_view_[state.proxy][state.name] = {.up = state.up, .draining = true, .connections = state.connections};
  }
}

/// One step: drain, then, when nothing is under way any more, maintenance and deletion.
Async<void> Balancer::remove(int worker, haproxy::ServerState state, bool current) {
  using haproxy::AdminState;
  if (cut_.contains(state.name)) {
    co_await api_.set_state(worker, state.proxy, state.name, AdminState::maintenance);
    co_await api_.end_sessions(worker, state.proxy, state.name);
    state.admin = AdminState::maintenance;
  }
  if (state.admin == AdminState::ready) {
    co_await api_.set_state(worker, state.proxy, state.name, AdminState::drain);
    note_unwanted(state, current);
    co_return;  // the count was taken before: what has come since is seen the next time
  }
  if (state.connections > 0 && state.admin == AdminState::drain) {
    note_unwanted(state, current);
    co_return;
  }
  if (state.admin == AdminState::drain) {
    co_await api_.set_state(worker, state.proxy, state.name, AdminState::maintenance);
  }
  // Idle connections to the server are purged within two seconds; until then it cannot be deleted.
  const bool deleted = co_await api_.delete_server(worker, state.proxy, state.name);
  if (!deleted) note_unwanted(state, current);
}

}  // namespace gennaker::providers
