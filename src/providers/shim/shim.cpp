#include "providers/shim/shim.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <list>
#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "providers/shim/last_words.h"
#include "providers/shim/leftovers.h"
#include "providers/shim/process_spec.h"
#include "providers/shim/resource_limits.h"
#include "providers/shim/rotating_log.h"

namespace gennaker::providers {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t exits_kept = 10;
constexpr std::size_t longest_request = 4096;
constexpr std::size_t most_clients = 32;
// While a stopped command's children finish, they are looked for this often: nothing tells of their end.
constexpr milliseconds look_again{25};

enum class State { running, waiting, stopping, stopped };

struct Exit {
  std::int64_t at;
  int status;
  std::string last_words = {};
};

struct Client {
  int fd;
  std::string request;
  bool watches = false;
  bool waits_for_stop = false;
  bool gone = false;
};

/// One shim: a loop over its descriptors. Threads: one.
class Shim {
 public:
  Shim(ProcessSpec spec, std::string directory, int listener, const sigset_t& signals)
      : spec_(std::move(spec)),
        directory_(std::move(directory)),
        listener_(listener),
        signal_fd_(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)),
        timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
        log_(directory_ + "/" + std::string(output_log), spec_.log_file_bytes, spec_.log_files),
        limits_(spec_, fmt::format("{:016x}", base::digest64(directory_))),
        delay_(spec_.first_restart_delay) {}

  void run() {
    start_command();
    while (state_ != State::stopped) step();
  }

 private:
  void step();
  void accept_clients();
  void read_client(Client& client);
  void answer(Client& client, const std::string& line);
  void send_line(Client& client, const json::object& document);
  void tell_watchers();

  void start_command();
  [[noreturn]] void become_command(int output) const;
  void read_output();
  void close_output();
  void note(const std::string& text) { log_.append("gennaker: " + text + "\n"); }

  void on_signals();
  void reap();
  void on_exit(int status);
  void wait_for_restart();
  void on_timer();
  void begin_stop(milliseconds grace);
  void check_stopped();
  void set_timer(milliseconds after);
  json::object status() const;

  ProcessSpec spec_;
  std::string directory_;
  int listener_;
  int signal_fd_;
  int timer_;
  RotatingLog log_;
  LastWords last_words_;
  ResourceLimits limits_;
  base::SystemClock clock_;

  State state_ = State::waiting;
  pid_t pid_ = 0;  ///< of the command; 0: not running
  int output_ = -1;
  base::TimePoint started_at_{};
  base::TimePoint restart_at_{};
  base::TimePoint kill_at_{};  ///< end of a stop's grace
  milliseconds delay_;         ///< before the next restart
  int restarts_ = 0;
  std::deque<Exit> exits_;
  std::list<Client> clients_;
};

void Shim::step() {
  std::vector<pollfd> fds{{signal_fd_, POLLIN, 0}, {listener_, POLLIN, 0}, {timer_, POLLIN, 0}};
  fds.push_back({output_, POLLIN, 0});  // a negative descriptor is passed over
  for (const Client& client : clients_) fds.push_back({client.fd, POLLIN, 0});
  if (poll(fds.data(), fds.size(), -1) < 0) return;
  if (fds[3].revents != 0) read_output();
  std::size_t index = 4;
  for (Client& client : clients_) {
    if (fds[index++].revents != 0) read_client(client);
  }
  if (fds[0].revents != 0) on_signals();
  if (fds[2].revents != 0) on_timer();
  if (fds[1].revents != 0) accept_clients();
  clients_.remove_if([](const Client& client) {
    if (client.gone) close(client.fd);
    return client.gone;
  });
}

void Shim::accept_clients() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (clients_.size() >= most_clients) {
      close(fd);
    } else {
      clients_.push_back({.fd = fd, .request = {}});
    }
  }
}

void Shim::read_client(Client& client) {
  char bytes[1024];
  const ssize_t count = recv(client.fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count == 0 || (count < 0 && errno != EAGAIN)) client.gone = true;
  if (count <= 0) return;
  client.request.append(bytes, static_cast<std::size_t>(count));
  for (auto end = client.request.find('\n'); end != std::string::npos; end = client.request.find('\n')) {
    const std::string line = client.request.substr(0, end);
    client.request.erase(0, end + 1);
    answer(client, line);
  }
  if (client.request.size() > longest_request) client.gone = true;
}

void Shim::answer(Client& client, const std::string& line) {
  try {
    const json::object request = base::parse_json_object(line, "the request", {longest_request, 4});
    const std::string what = base::string_or(request, "do", "");
    if (what == "ping") {
      send_line(client, {{"ok", true}});
    } else if (what == "status") {
      send_line(client, status());
    } else if (what == "watch") {
      client.watches = true;
      send_line(client, status());
    } else if (what == "stop") {
      client.waits_for_stop = true;
      begin_stop(milliseconds(base::whole_number(request, "graceMs").value_or(spec_.stop_grace.count())));
    } else {
      send_line(client, {{"error", "do: one of status, watch, stop, ping is needed"}});
    }
  } catch (const base::Error& error) {
    send_line(client, {{"error", error.what()}});
  }
}

void Shim::send_line(Client& client, const json::object& document) {
  std::string line = base::to_text(document);
  line += '\n';
  // A line fits into the socket's buffer, unless nobody has been reading for long.
  const ssize_t sent = send(client.fd, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent != static_cast<ssize_t>(line.size())) client.gone = true;
}

void Shim::tell_watchers() {
  for (Client& client : clients_) {
    if (client.watches && !client.gone) send_line(client, status());
  }
}

json::object Shim::status() const {
  static constexpr const char* names[] = {"running", "waiting", "stopping", "stopped"};
  json::array exits;
  for (const Exit& exit : exits_) {
    const bool signalled = WIFSIGNALED(exit.status);
    const int number = signalled ? WTERMSIG(exit.status) : WEXITSTATUS(exit.status);
    exits.push_back(json::object{{"at", exit.at}, {signalled ? "signal" : "status", number}});
  }
  if (!exits_.empty() && !exits_.back().last_words.empty()) {
    exits.back().as_object()["lastWords"] = exits_.back().last_words;
  }
  json::object status{{"state", names[static_cast<int>(state_)]},
                      {"shimPid", getpid()},
                      {"restarts", restarts_},
                      {"exits", std::move(exits)},
                      {"memoryLimit", limits_.memory_limited_by()},
                      {"openFiles", limits_.open_files()}};
  if (pid_ != 0) {
    status["pid"] = pid_;
    status["startedAt"] = base::to_millis(started_at_);
  }
  if (state_ == State::waiting) status["restartAt"] = base::to_millis(restart_at_);
  return status;
}

void Shim::start_command() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    note(fmt::format("cannot make a pipe for its output: {}", strerror(errno)));
    wait_for_restart();
    return;
  }
  started_at_ = clock_.now();
  const pid_t shim = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != shim) _exit(1);  // the shim died before the line above took effect
    become_command(ends[1]);
  }
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    note(fmt::format("cannot start a process: {}", strerror(errno)));
    wait_for_restart();
    return;
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  output_ = ends[0];
  pid_ = pid;
  state_ = State::running;
  tell_watchers();
}

void Shim::become_command(int output) const {
  setsid();
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, 0);
  dup2(output, 1);
  dup2(output, 2);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal = 1; signal < 32; ++signal) std::signal(signal, SIG_DFL);
  std::vector<std::string> variables;
  for (const auto& [name, value] : spec_.environment) variables.push_back(name + "=" + value);
  variables.push_back(fmt::format("{}={}", instance_variable, directory_));
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  std::vector<char*> words;
  for (const std::string& word : spec_.command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const char* failed = spec_.directory.c_str();
  if (chdir(spec_.directory.c_str()) == 0) {
    failed = words[0];
    limits_.apply_to_self();
    execvpe(words[0], words.data(), environment.data());
  }
  dprintf(2, "gennaker: cannot run '%s': %s\n", failed, strerror(errno));
  _exit(errno == ENOENT ? 127 : 126);
}

void Shim::read_output() {
  // Bounded, so that a command that writes without end cannot keep the shim from its other work.
  char bytes[65536];
  for (int rounds = 0; rounds < 4; ++rounds) {
    const ssize_t count = read(output_, bytes, sizeof bytes);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      close(output_);
      output_ = -1;
      return;
    }
    log_.append({bytes, static_cast<std::size_t>(count)});
    last_words_.append({bytes, static_cast<std::size_t>(count)});
  }
}

void Shim::close_output() {
  if (output_ < 0) return;
  read_output();
  if (output_ >= 0) close(output_);
  output_ = -1;
}

void Shim::on_signals() {
  signalfd_siginfo info{};
  while (read(signal_fd_, &info, sizeof info) == sizeof info) {
    // The machine is going down, or somebody means it: what runs gets its time to end.
    if (info.ssi_signo == SIGTERM) begin_stop(spec_.stop_grace);
  }
  reap();
}

void Shim::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == pid_) on_exit(status);
  }
}

void Shim::on_exit(int status) {
  const base::TimePoint now = clock_.now();
  pid_ = 0;
  exits_.push_back({base::to_millis(now), status});
  if (exits_.size() > exits_kept) exits_.pop_front();
  note(WIFSIGNALED(status) ? fmt::format("ended by signal {}", WTERMSIG(status))
                           : fmt::format("exited with status {}", WEXITSTATUS(status)));
  if (state_ == State::stopping) {
    check_stopped();
    return;
  }
  kill_leftovers(directory_, getpid());
  close_output();
  exits_.back().last_words = last_words_.text();
  last_words_.clear();
  if (now - started_at_ >= spec_.restart_reset_after) delay_ = spec_.first_restart_delay;
  wait_for_restart();
}

void Shim::wait_for_restart() {
  state_ = State::waiting;
  restart_at_ = clock_.now() + delay_;
  set_timer(delay_);
  delay_ = std::min(std::max(delay_ * 2, milliseconds(1)), spec_.longest_restart_delay);
  tell_watchers();
}

void Shim::on_timer() {
  std::uint64_t times = 0;
  if (read(timer_, &times, sizeof times) != sizeof times) return;
  if (state_ == State::waiting) {
    ++restarts_;
    start_command();
  } else if (state_ == State::stopping) {
    check_stopped();
  }
}

void Shim::begin_stop(milliseconds grace) {
  const base::TimePoint end = clock_.now() + std::max(grace, milliseconds(0));
  if (state_ == State::stopping) {
    kill_at_ = std::min(kill_at_, end);
  } else {
    state_ = State::stopping;
    kill_at_ = end;
    if (pid_ != 0) kill(-pid_, SIGTERM);
    // Those that left the command's group, too.
    for (const pid_t pid : find_leftovers(directory_, getpid())) {
      if (getpgid(pid) != pid_) kill(pid, SIGTERM);
    }
    tell_watchers();
  }
  check_stopped();
}

void Shim::check_stopped() {
  const bool out_of_time = clock_.now() >= kill_at_;
  // What the command started may still be finishing its work after the command itself has gone.
  if (!out_of_time && (pid_ != 0 || !find_leftovers(directory_, getpid()).empty())) {
    set_timer(look_again);
    return;
  }
  if (pid_ != 0) {
    kill(-pid_, SIGKILL);
    int status = 0;
    if (waitpid(pid_, &status, 0) == pid_) {
      exits_.push_back({base::to_millis(clock_.now()), status});
      pid_ = 0;
    }
  }
  kill_leftovers(directory_, getpid());
  close_output();
  state_ = State::stopped;
  unlink(std::string(shim_socket).c_str());
  for (Client& client : clients_) {
    if ((client.waits_for_stop || client.watches) && !client.gone) send_line(client, status());
  }
}

void Shim::set_timer(milliseconds after) {
  // 0 would disarm it.
  const auto nanoseconds = std::chrono::nanoseconds(std::max(after, milliseconds(1))).count();
  itimerspec when{};
  when.it_value.tv_sec = nanoseconds / 1'000'000'000;
  when.it_value.tv_nsec = nanoseconds % 1'000'000'000;
  timerfd_settime(timer_, 0, &when, nullptr);
}

/// A socket's path may hold 107 bytes and an instance's directory is often longer: the name is relative.
int listen_here() {
  unlink(std::string(shim_socket).c_str());
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  shim_socket.copy(address.sun_path, sizeof address.sun_path - 1);
  const mode_t before = umask(0077);
  const bool bound = bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  umask(before);
  return bound && listen(listener, 64) == 0 ? listener : -1;
}

ProcessSpec read_spec() {
  std::ifstream file((std::string(instance_file)));
  if (!file) throw base::Error(base::Kind::not_found, "there is no instance.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return process_spec_of(base::parse_json_object(text, "instance.json"));
}

/// In the daemon. `ready` gets one byte when the shim answers.
int run_daemon(ProcessSpec spec, const std::string& directory, int ready) {
  const int lock = open(std::string(shim_lock).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || (flock(lock, LOCK_EX | LOCK_NB) != 0 && errno != EWOULDBLOCK)) {
    dprintf(2, "gennaker shim: %s/shim.lock: %s\n", directory.c_str(), strerror(errno));
    return 1;
  }
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) return write(ready, "a", 1) == 1 ? 0 : 1;  // there is one already
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_NAME, "gennaker-shim");
  // Of a shim that was killed; its processes would hold the port.
  if (!kill_leftovers(directory))
    dprintf(2, "gennaker shim: %s: old processes do not end\n", directory.c_str());
  const int listener = listen_here();
  if (listener < 0) {
    dprintf(2, "gennaker shim: %s/shim.sock: %s\n", directory.c_str(), strerror(errno));
    return 1;
  }
  for (int signal = 1; signal < 32; ++signal) std::signal(signal, SIG_DFL);
  for (const int signal : {SIGHUP, SIGINT, SIGPIPE, SIGQUIT}) std::signal(signal, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_SETMASK, &signals, nullptr);
  Shim shim(std::move(spec), directory, listener, signals);
  if (write(ready, "r", 1) != 1) return 1;
  close(ready);
  shim.run();
  return 0;
}

/// The daemon's descriptors: nothing of the server's may stay open in it, or a dead server's port would.
void detach_descriptors(int ready) {
  const int nothing = open("/dev/null", O_RDWR);
  dup2(nothing, 0);
  dup2(nothing, 1);
  if (ready != 3) dup2(ready, 3);
  close_range(4, ~0U, 0);
  fcntl(3, F_SETFD, FD_CLOEXEC);
}

}  // namespace

int run_shim(int argc, char** argv) {
  if (argc != 3) {
    dprintf(2, "usage: gennaker shim <instance directory>\n");
    return 2;
  }
  char* absolute = realpath(argv[2], nullptr);
  if (absolute == nullptr || chdir(absolute) != 0) {
    dprintf(2, "gennaker shim: %s: %s\n", argv[2], strerror(errno));
    return 2;
  }
  const std::string directory = absolute;
  std::free(absolute);
  ProcessSpec spec;
  try {
    spec = read_spec();
  } catch (const std::exception& error) {
    dprintf(2, "gennaker shim: %s: %s\n", directory.c_str(), error.what());
    return 1;
  }
  close_range(3, ~0U, 0);
  int ends[2];
  if (pipe(ends) != 0) return 1;
  // Twice: the first child leaves the caller's session, the second can never get a terminal.
  if (const pid_t first = fork(); first != 0) {
    close(ends[1]);
    char byte = 0;
    const bool answered = read(ends[0], &byte, 1) == 1;
    waitpid(first, nullptr, 0);
    return answered ? 0 : 1;
  }
  setsid();
  if (fork() != 0) _exit(0);
  detach_descriptors(ends[1]);
  std::_Exit(run_daemon(std::move(spec), directory, 3));
}

}  // namespace gennaker::providers
