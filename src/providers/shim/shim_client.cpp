#include "providers/shim/shim_client.h"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/unix_socket.h"
#include "providers/shim/files.h"
#include "providers/shim/leftovers.h"
#include "providers/shim/process_spec.h"

namespace gennaker::providers {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds patience{5'000};

/// What a child of the server must not inherit: signal dispositions, masks and open files.
class SpawnSettings {
 public:
  explicit SpawnSettings(const std::string& log) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0640);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

[[noreturn]] void fail(const std::string& directory, const std::string& why) {
  throw base::Error(base::Kind::unavailable, fmt::format("{}: its shim does not start: {}", directory, why));
}

base::TimePoint time_of(const json::object& object, std::string_view key) {
  return base::from_millis(base::whole_number(object, key).value_or(0));
}

std::optional<int> number_of(const json::object& object, std::string_view key) {
  const auto number = base::whole_number(object, key);
  return number ? std::optional<int>(static_cast<int>(*number)) : std::nullopt;
}

}  // namespace

ShimStatus shim_status_of(std::string_view line) {
  const json::object document = base::parse_json_object(line, "the shim's status");
  ShimStatus status;
  status.pid = number_of(document, "pid").value_or(0);
  status.running = status.pid != 0 && base::string_or(document, "state", "") == "running";
  status.restarts = number_of(document, "restarts").value_or(0);
  status.started_at = time_of(document, "startedAt");
  status.restart_at = time_of(document, "restartAt");
  status.memory_limit = base::string_or(document, "memoryLimit", "");
  const auto* exits = base::find_array(document, "exits");
  if (exits != nullptr && !exits->empty() && exits->back().is_object()) {
    const json::object& last = exits->back().as_object();
    status.last_exit = {.at = time_of(last, "at"),
                        .status = number_of(last, "status"),
                        .signal = number_of(last, "signal"),
                        .last_words = base::string_or(last, "lastWords", "")};
  }
  return status;
}

std::string describe(const ProcessExit& exit) {
  std::string text = exit.signal ? fmt::format("was ended by signal {}", *exit.signal)
                                 : fmt::format("exited with status {}", exit.status.value_or(0));
  if (!exit.last_words.empty()) text += fmt::format(" ({})", exit.last_words);
  return text;
}

std::string why_not_running(const ShimStatus& status) {
  if (status.running) return "";
  if (!status.last_exit) return "is being started";
  std::string text = describe(*status.last_exit);
  const auto delay = status.restart_at - status.last_exit->at;
  if (delay.count() > 0)
    text += fmt::format(", restarting in {:.3g} s", static_cast<double>(delay.count()) / 1000);
  return text;
}

void start_shim(const std::vector<std::string>& program, const std::string& directory) {
  std::vector<char*> words;
  for (const std::string& word : program) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(const_cast<char*>(directory.c_str()));
  words.push_back(nullptr);
  const std::string log = directory + "/shim.log";
  const SpawnSettings settings(log);
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, words[0], &settings.actions, &settings.attributes, words.data(), environ);
  if (error != 0) fail(directory, fmt::format("'{}': {}", words[0], std::strerror(error)));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  const std::string said = read_end(log, 1000);
  fail(directory, said.empty() ? fmt::format("'{}' ended with {:#x}", words[0], status) : said);
}

Async<void> stop_shim(asio::thread_pool& pool, std::string directory, milliseconds grace) {
  auto executor = co_await asio::this_coro::executor;
  base::UnixSocket socket(executor);
  bool answered = false;
  try {
    socket.connect(directory, std::string(shim_socket));
    std::string request = fmt::format("{{\"do\":\"stop\",\"graceMs\":{}}}\n", grace.count());
    co_await socket.send(std::move(request), patience);
    co_await socket.read_line(grace + patience);
    answered = true;
    // Its end closes the connection: from then on its directory is nobody's.
    co_await socket.read_all(patience);
  } catch (const base::Error& error) {
    if (error.kind() == base::Kind::timeout) throw;  // it is there, and may still hold its processes
  }
  if (answered) co_return;
  auto work = [directory] { return kill_leftovers(directory); };
  const bool ended = co_await base::run_blocking(pool, std::move(work));
  if (!ended) {
    throw base::Error(base::Kind::unavailable, fmt::format("{}: its processes do not end", directory));
  }
}

}  // namespace gennaker::providers
