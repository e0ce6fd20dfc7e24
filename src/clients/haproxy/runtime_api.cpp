#include "clients/haproxy/runtime_api.h"

#include <charconv>

#include "base/error.h"
#include "base/unix_socket.h"

namespace gennaker::clients::haproxy {
namespace {

using base::Error;
using base::Kind;

constexpr std::chrono::seconds deadline{5};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text = text.substr(end + 1);
  }
}

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  for (const std::string_view word : split(line, ' ')) {
    if (!word.empty()) found.push_back(word);
  }
  return found;
}

int number(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Finds columns by the names in a header line.
class Columns {
 public:
  explicit Columns(std::vector<std::string_view> names) : names_(std::move(names)) {}

  std::string_view get(const std::vector<std::string_view>& row, std::string_view name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    const auto index = static_cast<std::size_t>(found - names_.begin());
    return index < row.size() ? row[index] : std::string_view();
  }

 private:
  std::vector<std::string_view> names_;
};

constexpr int forced_maintenance = 0x01, forced_drain = 0x08, op_state_running = 2;

AdminState admin_state_of(int bits) {
  if ((bits & forced_maintenance) != 0) return AdminState::maintenance;
  return (bits & forced_drain) != 0 ? AdminState::drain : AdminState::ready;
}

std::string_view to_text(AdminState state) {
  switch (state) {
    case AdminState::ready:
      return "ready";
    case AdminState::drain:
      return "drain";
    case AdminState::maintenance:
      return "maint";
  }
  return "ready";
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

[[noreturn]] void refuse(const std::string& command, const std::string& answer) {
  const auto says = [&](std::string_view words) { return answer.find(words) != std::string::npos; };
  Kind kind = Kind::invalid;
  if (says("No such") || says("Can't find the target")) kind = Kind::not_found;
  if (says("Already exists")) kind = Kind::conflict;
  throw Error(kind, fmt::format("HAProxy refused '{}': {}", command, answer));
}

/// For commands that answer nothing when they are done.
void expect_nothing(const std::string& command, const std::string& answer) {
  if (!answer.empty()) refuse(command, answer);
}

}  // namespace

Processes processes_of(std::string_view answer) {
  Processes found;
  bool old = false;
  for (const std::string_view line : split(answer, '\n')) {
    if (line.starts_with("# old workers")) old = true;
    if (line.starts_with("# programs")) break;
    const auto row = words(line);
    if (row.size() < 2 || row[0].starts_with('#')) continue;
    const int pid = number(row[0]);
    if (row[1] == "master") {
      found.master = pid;
    } else if (row[1] == "worker" && old) {
      found.old_workers.push_back(pid);
    } else if (row[1] == "worker") {
      found.worker = pid;
    }
  }
  return found;
}

std::vector<ServerState> servers_of(std::string_view servers_state, std::string_view stat) {
  std::map<std::pair<std::string_view, std::string_view>, int> connections;
  const auto stat_lines = split(stat, '\n');
  const Columns stat_columns(split(stat_lines[0].starts_with("# ") ? stat_lines[0].substr(2) : "", ','));
  for (const std::string_view line : std::span(stat_lines).subspan(1)) {
    const auto row = split(line, ',');
    if (row.size() < 5) continue;
    connections[{row[0], row[1]}] =
        number(stat_columns.get(row, "scur")) + number(stat_columns.get(row, "qcur"));
  }

  std::vector<ServerState> found;
  const auto lines = split(servers_state, '\n');  // the first is the format's version
  if (lines.size() < 2 || !lines[1].starts_with("# ")) return found;
  const Columns columns(words(lines[1].substr(2)));
  for (const std::string_view line : std::span(lines).subspan(2)) {
    const auto row = words(line);
    if (row.size() < 7) continue;
    const std::string_view proxy = columns.get(row, "be_name"), name = columns.get(row, "srv_name");
    const auto counted = connections.find({proxy, name});
    found.push_back({.proxy = std::string(proxy),
                     .name = std::string(name),
                     .port = number(columns.get(row, "srv_port")),
                     .admin = admin_state_of(number(columns.get(row, "srv_admin_state"))),
                     .up = number(columns.get(row, "srv_op_state")) == op_state_running,
                     .connections = counted == connections.end() ? 0 : counted->second});
  }
  return found;
}

Async<std::string> RuntimeApi::ask(std::string command) {
  auto executor = co_await base::asio::this_coro::executor;
  base::UnixSocket socket(executor);
  socket.connect(directory_, std::string(master_socket));
  command += '\n';
  co_await socket.send(std::move(command), deadline);
  // The master answers once it knows that no other command follows.
  socket.end_sending();
  std::string answer = co_await socket.read_all(deadline);
  co_return trimmed(std::move(answer));
}

Async<std::string> RuntimeApi::ask_worker(int worker, std::string command) {
  std::string text = fmt::format("@!{} {}", worker, command);
  std::string answer = co_await ask(std::move(text));
  if (answer.starts_with("Can't find the target")) refuse(command, answer);
  co_return answer;
}

Async<Processes> RuntimeApi::processes() {
  std::string command = "show proc";
  const std::string answer = co_await ask(std::move(command));
  Processes found = processes_of(answer);
  if (found.master == 0) refuse("show proc", answer);
  co_return found;
}

Async<std::string> RuntimeApi::structure(int worker) {
  std::string command = "show info";
  const std::string answer = co_await ask_worker(worker, std::move(command));
  static constexpr std::string_view name = "description: ";
  for (const std::string_view line : split(answer, '\n')) {
    if (line.starts_with(name)) co_return std::string(line.substr(name.size()));
  }
  co_return std::string();
}

Async<std::vector<ServerState>> RuntimeApi::servers(int worker) {
  std::string command = "show servers state";
  const std::string state = co_await ask_worker(worker, std::move(command));
  command = "show stat -1 4 -1";
  const std::string stat = co_await ask_worker(worker, std::move(command));
  co_return servers_of(state, stat);
}

Async<void> RuntimeApi::add_server(int worker, std::string proxy, Server server) {
  const std::string command =
      fmt::format("add server {}/{} {}", proxy, server.name, server_arguments(server));
  const std::string answer = co_await ask_worker(worker, command);
  if (!answer.starts_with("New server registered")) refuse(command, answer);
  const std::string checks = fmt::format("enable health {}/{}", proxy, server.name);
  const std::string checked = co_await ask_worker(worker, checks);
  expect_nothing(checks, checked);
  co_await set_state(worker, std::move(proxy), std::move(server.name), AdminState::ready);
}

Async<void> RuntimeApi::set_state(int worker, std::string proxy, std::string server, AdminState state) {
  const std::string command = fmt::format("set server {}/{} state {}", proxy, server, to_text(state));
  const std::string answer = co_await ask_worker(worker, command);
  expect_nothing(command, answer);
}

Async<bool> RuntimeApi::delete_server(int worker, std::string proxy, std::string server) {
  const std::string command = fmt::format("del server {}/{}", proxy, server);
  const std::string answer = co_await ask_worker(worker, command);
  if (answer.starts_with("Server deleted") || answer.starts_with("No such server")) co_return true;
  if (answer.find("connection") != std::string::npos) co_return false;
  refuse(command, answer);
}

Async<void> RuntimeApi::end_sessions(int worker, std::string proxy, std::string server) {
  const std::string command = fmt::format("shutdown sessions server {}/{}", proxy, server);
  const std::string answer = co_await ask_worker(worker, command);
  expect_nothing(command, answer);
}

Async<void> RuntimeApi::reload() {
  std::string command = "reload";
  const std::string answer = co_await ask(std::move(command));
  expect_nothing("reload", answer);
}

}  // namespace gennaker::clients::haproxy
