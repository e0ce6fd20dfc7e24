// The demo service: a small HTTP/1.1 program that can start slowly, be unhealthy, or fail at once, so that a
// deployment has something to show. It uses nothing of Gennaker's.
//
//   GET /           version, instance, pid
//   GET /health     503 until $SLOW_START_MS is over, then 200; 500 for ever with $UNHEALTHY=1
//   GET /slow?ms=N  answers after N ms
//
// It listens on 127.0.0.1:$PORT. Its version is the content of ./VERSION, else $VERSION. With $EXIT_AT_ONCE=1
// it exits with status 3; with $DIE_AFTER_MS=N it does so N ms after its start, in the middle of whatever it
// does, and at once when it is started again and $DIE_MARKS is a folder, where it leaves a mark. It appends
// one line to $LAUNCH_LOG when it starts. On SIGTERM it finishes the requests under way and exits with 0.

#include <algorithm>
#include <arpa/inet.h>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <malloc.h>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <string>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr std::size_t head_limit = 16 * 1024;
constexpr long longest_answer_ms = 600'000;

struct Service {
  std::string version, instance;
  long slow_start_ms = 0;
  bool unhealthy = false;
  timespec started{};
  int stopping = -1;  // an eventfd: readable once SIGTERM came
  std::mutex mutex;
  std::condition_variable ended;
  int connections = 0;
};
Service service;

std::string environment(const char* name, const char* fallback = "") {
  const char* value = std::getenv(name);
  return value != nullptr ? value : fallback;
}

std::string read_version() {
  std::ifstream file("VERSION");
  std::string version;
  if (file && std::getline(file, version) && !version.empty()) return version;
  return environment("VERSION", "unknown");
}

bool wait_readable(int fd, int also, int timeout_ms) {
  pollfd fds[] = {{fd, POLLIN, 0}, {also, POLLIN, 0}};
  return poll(fds, 2, timeout_ms) > 0 && fds[0].revents != 0;
}

bool is_stopping() {
  pollfd fd{service.stopping, POLLIN, 0};
  return poll(&fd, 1, 0) > 0;
}

long uptime_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - service.started.tv_sec) * 1000 + (now.tv_nsec - service.started.tv_nsec) / 1'000'000;
}

struct Request {
  std::string_view method, path, query;
  bool keep_alive = true;
};

// Understands what clients of this service send: no bodies, no folded headers.
std::optional<Request> parse(const std::string& head) {
  const std::string_view first = std::string_view(head).substr(0, head.find("\r\n"));
  const auto space = first.find(' ');
  const auto second = first.rfind(' ');
  if (space == std::string_view::npos || second <= space) return std::nullopt;
  Request request{.method = first.substr(0, space), .path = first.substr(space + 1, second - space - 1)};
  if (const auto mark = request.path.find('?'); mark != std::string_view::npos) {
    request.query = request.path.substr(mark + 1);
    request.path = request.path.substr(0, mark);
  }
  const char* wanted = first.ends_with("1.1") ? "\r\nconnection: close" : "\r\nconnection: keep-alive";
  request.keep_alive = (strcasestr(head.c_str(), wanted) != nullptr) != first.ends_with("1.1");
  return request;
}

struct Answer {
  int status = 200;
  std::string body;
};

Answer health() {
  if (service.unhealthy) return {500, "unhealthy\n"};
  if (uptime_ms() < service.slow_start_ms) return {503, "starting\n"};
  return {200, "ok\n"};
}

Answer answer(const Request& request) {
  if (request.method != "GET" && request.method != "HEAD") return {405, "GET and HEAD only\n"};
  if (request.path == "/") {
    return {200, "version " + service.version + " instance " + service.instance + " pid " +
                     std::to_string(getpid()) + "\n"};
  }
  if (request.path == "/health") return health();
  if (request.path == "/slow") {
    long ms = request.query.starts_with("ms=")
                  ? std::strtol(std::string(request.query.substr(3)).c_str(), nullptr, 10)
                  : 0;
    ms = std::max(0L, std::min(ms, longest_answer_ms));
    poll(nullptr, 0, static_cast<int>(ms));
    return {200, "waited " + std::to_string(ms) + " ms\n"};
  }
  return {404, "no such page\n"};
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool respond(int fd, const Answer& answer, bool with_body, bool keep_alive) {
  const char* reason = answer.status == 200 ? " OK" : " Refused";
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + reason +
                     "\r\nContent-Type: text/plain\r\nX-Version: " + service.version +
                     "\r\nContent-Length: " + std::to_string(answer.body.size()) +
                     (keep_alive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
  if (with_body) text += answer.body;
  return send_all(fd, text);
}

// Reads until `buffer` holds a whole head. Returns its size, or 0 when the other side has gone, the service
// is stopping, or the head is too long.
std::size_t read_head(int fd, std::string& buffer) {
  while (buffer.size() <= head_limit) {
    if (const auto end = buffer.find("\r\n\r\n"); end != std::string::npos) return end + 4;
    // A request that arrives together with SIGTERM is still answered.
    if (!wait_readable(fd, service.stopping, -1)) return 0;
    char bytes[8192];
    const ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    if (count <= 0) return 0;
    buffer.append(bytes, static_cast<std::size_t>(count));
  }
  return 0;
}

void serve(int fd) {
  std::string buffer;
  while (const std::size_t head_size = read_head(fd, buffer)) {
    const std::string head = buffer.substr(0, head_size);
    buffer.erase(0, head_size);
    const auto request = parse(head);
    const Answer result = request ? answer(*request) : Answer{400, "not understood\n"};
    // What was not understood may have a body: after it nothing is safe to read.
    const bool keep_alive = request && request->keep_alive && result.status != 405 && !is_stopping();
    const bool with_body = !request || request->method != "HEAD";
    if (!respond(fd, result, with_body, keep_alive) || !keep_alive) return;
  }
}

void* connection_thread(void* argument) {
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(argument));
  serve(fd);
  close(fd);
  const std::lock_guard lock(service.mutex);
  --service.connections;
  service.ended.notify_all();
  return nullptr;
}

void accept_one(int listener) {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  {
    const std::lock_guard lock(service.mutex);
    ++service.connections;
  }
  pthread_t thread;
  if (pthread_create(&thread, &attributes, connection_thread, reinterpret_cast<void*>(std::intptr_t{fd})) !=
      0) {
    close(fd);
    const std::lock_guard lock(service.mutex);
    --service.connections;
  }
  pthread_attr_destroy(&attributes);
}

int listen_on(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 1024) != 0) {
    std::perror(("demo-service: cannot listen on 127.0.0.1:" + std::to_string(port)).c_str());
    std::exit(1);
  }
  return listener;
}

/// Leaves a mark for the next time.
bool has_died_before() {
  const std::string folder = environment("DIE_MARKS");
  if (folder.empty()) return false;
  const std::string mark = folder + "/" + service.instance;
  if (access(mark.c_str(), F_OK) == 0) return true;
  std::ofstream(mark) << "it will\n";
  return false;
}

void write_launch_line() {
  const std::string path = environment("LAUNCH_LOG");
  if (path.empty()) return;
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return;
  const std::string line = service.version + " " + service.instance + " " + std::to_string(getpid()) + "\n";
  if (write(fd, line.data(), line.size()) < 0) std::perror("demo-service: LAUNCH_LOG");
  close(fd);
}

}  // namespace

int main() {
  mallopt(M_ARENA_MAX, 2);  // a limit on address space must not be eaten by the threads' arenas
  clock_gettime(CLOCK_MONOTONIC, &service.started);
  service.version = read_version();
  service.instance = environment("INSTANCE", "none");
  service.slow_start_ms = std::atol(environment("SLOW_START_MS", "0").c_str());
  service.unhealthy = environment("UNHEALTHY") == "1";
  service.stopping = eventfd(0, EFD_CLOEXEC);
  write_launch_line();
  if (environment("EXIT_AT_ONCE") == "1") return 3;
  const int die_after_ms = std::atoi(environment("DIE_AFTER_MS", "-1").c_str());
  if (die_after_ms >= 0 && has_died_before()) return 3;

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const int asked_to_stop = signalfd(-1, &signals, SFD_CLOEXEC);
  const int listener = listen_on(std::atoi(environment("PORT", "8080").c_str()));
  std::printf("demo-service %s listens on port %s\n", service.version.c_str(),
              environment("PORT", "8080").c_str());
  std::fflush(stdout);

  for (;;) {
    pollfd fds[] = {{listener, POLLIN, 0}, {asked_to_stop, POLLIN, 0}};
    const int left = die_after_ms < 0 ? -1 : std::max(0, die_after_ms - static_cast<int>(uptime_ms()));
    if (poll(fds, 2, left) < 0) continue;
    if (left == 0) _exit(3);
    if (fds[0].revents != 0) accept_one(listener);
    // Those that are connected already are served before the door closes.
    else if (fds[1].revents != 0)
      break;
  }
  close(listener);
  eventfd_write(service.stopping, 1);
  std::unique_lock lock(service.mutex);
  service.ended.wait(lock, [] { return service.connections == 0; });
  return 0;
}
