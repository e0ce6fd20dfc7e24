// The demo client: keeps sending requests to a port of this machine until it gets SIGTERM or SIGINT, then
// says how many it sent, how many failed, and which versions answered. It uses nothing of Gennaker's.
//
//   demo-client PORT [threads [rate]]
//
// `threads` (2) keep their connection, as many open a new one for each request. `rate`: so many requests a
// second in all, at fixed times; without, as soon as the last one was answered.
//
// A request that gets no whole answer with status 200 within 5 s has failed; nothing is tried again. Exits
// with 0 when none failed.

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr int patience_s = 5;
constexpr int shown_failures = 5;

volatile std::sig_atomic_t stopping = 0;
void stop(int) {
  stopping = 1;
}

struct Count {
  long sent = 0, failed = 0;
};

struct Tally {
  std::mutex mutex;
  Count kept, fresh;
  std::map<std::string, long> versions;

  void add(bool keeps, const std::string& failure, const std::string& version) {
    const std::lock_guard lock(mutex);
    Count& count = keeps ? kept : fresh;
    ++count.sent;
    if (failure.empty()) {
      ++versions[version];
      return;
    }
    ++count.failed;
    if (kept.failed + fresh.failed <= shown_failures) {
      std::fprintf(stderr, "demo-client: a request on a %s connection failed: %s\n", keeps ? "kept" : "new",
                   failure.c_str());
    }
  }
};

/// The value of a header; empty if there is none. `head` ends with an empty line.
std::string header(const std::string& head, const char* name) {
  const std::size_t length = std::strlen(name);
  for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at)) {
    at += 2;
    if (strncasecmp(head.c_str() + at, name, length) != 0 || head[at + length] != ':') continue;
    const std::size_t begin = head.find_first_not_of(' ', at + length + 1);
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  return "";
}

class Connection {
 public:
  explicit Connection(int port) : port_(port) {}
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  /// Sends one request and reads its answer. Returns what went wrong, or an empty text.
  std::string ask(bool keeps, std::string& version) {
    if (socket_ < 0 && !open()) return failed("connect");
    const std::string request = std::string("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: ") +
                                (keeps ? "keep-alive" : "close") + "\r\n\r\n";
    if (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
      return failed("send");
    }
    std::string answer;
    std::size_t end = std::string::npos;
    while ((end = answer.find("\r\n\r\n")) == std::string::npos) {
      if (const std::string failure = read_more(answer); !failure.empty()) return failure;
    }
    const std::string head = answer.substr(0, end + 4);
    const std::size_t whole = head.size() + std::strtoul(header(head, "Content-Length").c_str(), nullptr, 10);
    while (answer.size() < whole) {
      if (const std::string failure = read_more(answer); !failure.empty()) return failure;
    }
    if (!keeps || header(head, "Connection") == "close") close();
    if (head.compare(0, 12, "HTTP/1.1 200") != 0) return "answered " + head.substr(0, head.find('\r'));
    version = header(head, "X-Version");
    return "";
  }

 private:
  bool open() {
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{.tv_sec = patience_s, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int at_once = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  std::string failed(const char* what) {
    const std::string reason = std::string(what) + ": " + std::strerror(errno);
    close();
    return reason;
  }

  std::string read_more(std::string& answer) {
    char bytes[4096];
    const ssize_t size = recv(socket_, bytes, sizeof bytes, 0);
    if (size < 0) return failed("read");
    if (size == 0) {
      close();
      return "closed after " + std::to_string(answer.size()) + " bytes of the answer";
    }
    answer.append(bytes, static_cast<std::size_t>(size));
    return "";
  }

  int port_;
  int socket_ = -1;
};

using Clock = std::chrono::steady_clock;

/// `pace`: from one request to the next; 0: as they are answered.
void keep_asking(int port, bool keeps, std::chrono::nanoseconds pace, Tally& tally) {
  Connection connection(port);
  Clock::time_point due = Clock::now();
  while (stopping == 0) {
    std::string version;
    const std::string failure = connection.ask(keeps, version);
    tally.add(keeps, failure, version);
    due += pace;
    // Leaves the machine to those who deploy.
    if (pace.count() == 0) usleep(failure.empty() ? 1'000 : 20'000);
    std::this_thread::sleep_until(due);
  }
}

}  // namespace

int main(int count, char** arguments) {
  const int port = count > 1 ? std::atoi(arguments[1]) : 0;
  const int threads = count > 2 ? std::atoi(arguments[2]) : 2;
  const long rate = count > 3 ? std::atol(arguments[3]) : 0;
  if (port < 1 || port > 65535 || threads < 1 || threads > 100 || rate < 0 || rate > 1'000'000) {
    std::fprintf(stderr, "usage: demo-client PORT [threads, 1 to 100 [requests a second]]\n");
    return 2;
  }
  struct sigaction action {};
  action.sa_handler = stop;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);

  Tally tally;
  std::vector<std::thread> running;
  const std::chrono::nanoseconds pace(rate == 0 ? 0 : 2L * threads * 1'000'000'000L / rate);
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&] { keep_asking(port, true, pace, tally); });
    running.emplace_back([&] { keep_asking(port, false, pace, tally); });
  }
  for (auto& thread : running) thread.join();

  const long failed = tally.kept.failed + tally.fresh.failed;
  std::printf("%ld requests sent, %ld failed (%ld on kept connections, %ld on new ones)\n",
              tally.kept.sent + tally.fresh.sent, failed, tally.kept.sent, tally.fresh.sent);
  for (const auto& [version, answers] : tally.versions) {
    std::printf("version %s answered %ld times\n", version.c_str(), answers);
  }
  return failed == 0 ? 0 : 1;
}
