#include "world.h"

#include <arpa/inet.h>
#include <csignal>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients/haproxy/runtime_api.h"

namespace gennaker::providers::local {
namespace {

constexpr int patience_ms = 20'000;

int connect_to(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = 15, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0) return fd;
  close(fd);
  return -1;
}

std::string header_of(const std::string& head, const std::string& name) {
  const auto at = head.find(name);
  if (at == std::string::npos) return "";
  const auto from = at + name.size();
  return head.substr(from, head.find("\r\n", from) - from);
}

/// One request and its answer; `why` says what went wrong.
Answer exchange(int fd, const std::string& path, bool keep, std::string& why, bool& closes) {
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + (keep ? "\r\n" : "Connection: close\r\n\r\n");
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    why = "cannot send";
    return {};
  }
  std::string text;
  std::size_t total = std::string::npos, head_end = std::string::npos;
  while (text.size() < total) {
    char bytes[4096];
    const ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    if (count <= 0) {
      why = "the connection ended after '" + text + "'";
      return {};
    }
    text.append(bytes, static_cast<std::size_t>(count));
    head_end = text.find("\r\n\r\n");
    if (total == std::string::npos && head_end != std::string::npos) {
      std::string head = text.substr(0, head_end + 2);
      for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      const std::string length = header_of(head, "content-length: ");
      total = head_end + 4 + (length.empty() ? 0 : std::stoul(length));
      closes = head.find("connection: close") != std::string::npos;
    }
  }
  std::string head = text.substr(0, head_end + 2);
  for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return {.status = std::stoi(text.substr(9, 3)),
          .body = text.substr(head_end + 4),
          .version = header_of(head, "x-version: ")};
}

}  // namespace

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Traffic::Traffic(int port, Connections connections) : thread_([=, this] { run(port, connections); }) {}

Traffic::~Traffic() {
  stop();
}

void Traffic::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Traffic::run(int port, Connections connections) {
  int fd = -1;
  while (!stopping_) {
    std::string why;
    bool closes = connections == Connections::fresh;
    if (fd < 0) fd = connect_to(port);
    const Answer answer =
        fd < 0 ? Answer{} : exchange(fd, "/", connections == Connections::kept, why, closes);
    ++sent_;
    if (answer.status != 200) {
      if (failed_++ == 0) first_failure_ = fmt::format("{} {} {}", answer.status, why, answer.body);
      poll(nullptr, 0, 10);
    }
    ++versions_[answer.version];
    if ((closes || answer.status == 0) && fd >= 0) {
      ::close(fd);
      fd = -1;
    }
  }
  if (fd >= 0) ::close(fd);
}

Answer get(int port, const std::string& path) {
  const int fd = connect_to(port);
  if (fd < 0) return {};
  std::string why;
  bool closes = true;
  const Answer answer = exchange(fd, path, false, why, closes);
  ::close(fd);
  return answer;
}

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof place;
  bind(fd, reinterpret_cast<sockaddr*>(&place), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&place), &size);
  ::close(fd);
  return ntohs(place.sin_port);
}

std::vector<int> processes_of(const fs::path& directory) {
  std::vector<int> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos || std::stoi(name) == getpid()) continue;
    std::error_code gone;
    const fs::path place = fs::read_symlink(entry.path() / "cwd", gone);
    const std::string all = place.string() + '\0' + read_text(entry.path() / "environ") + '\0' +
                            read_text(entry.path() / "cmdline");
    if (all.find(directory.string()) != std::string::npos) found.push_back(std::stoi(name));
  }
  return found;
}

void LocalWorld::SetUp() {
  std::string pattern = (fs::temp_directory_path() / "gennaker-local-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  data_ = fs::canonical(pattern);
  options_.data_directory = data_ / "data";
  fs::create_directories(data_ / "data");
  options_.shim_program = {GENNAKER_PROGRAM, "shim"};
  // A stretch of ports of its own, away from those that the kernel gives to clients.
  options_.first_port = 20'000 + (getpid() % 80) * 100;
  options_.last_port = options_.first_port + 99;
  open();
}

void LocalWorld::TearDown() {
  close(false);
  // Those of this test alone: they carry its directory. A shim may just have started another one.
  for (int pass = 0; pass < 100; ++pass) {
    const std::vector<int> left = processes_of(data_);
    if (left.empty()) break;
    for (const int pid : left) kill(pid, SIGKILL);
    poll(nullptr, 0, 20);
  }
  std::error_code ignored;
  for (fs::recursive_directory_iterator entry(data_, ignored), end; entry != end; entry.increment(ignored)) {
    if (entry->is_directory(ignored)) fs::permissions(entry->path(), fs::perms::owner_all, ignored);
  }
  fs::remove_all(data_, ignored);
}

void LocalWorld::open() {
  loop_ = std::make_unique<boost::asio::io_context>();
  provider_ = std::make_unique<LocalProvider>(loop_->get_executor(), options_, clock_, bake_log_);
  run(provider_->start());
}

void LocalWorld::close(bool kindly) {
  if (!provider_) return;
  if (kindly) run(provider_->stop());
  provider_.reset();
  loop_.reset();  // what runs ends where it is
}

boost::json::object LocalWorld::perform(const model::Operation& operation) {
  return run(provider_->perform(operation));
}

std::string LocalWorld::refusal(const model::Operation& operation) {
  try {
    const auto answer = perform(operation);
    ADD_FAILURE() << "not refused: " << boost::json::serialize(answer);
    return "";
  } catch (const base::Error& error) {
    return fmt::format("{}: {}", base::to_string(error.kind()), error.what());
  }
}

clusters::Snapshot LocalWorld::snapshot() {
  return run(provider_->watch("local", 0));
}

void LocalWorld::await(const std::string& what, const std::function<bool()>& condition) {
  const base::TimePoint end = clock_.now() + std::chrono::milliseconds(patience_ms);
  while (!condition()) {
    if (clock_.now() > end) {
      for (const auto& one : snapshot().server_groups) {
        for (const auto& instance : one.instances) {
          for (const auto& health : instance.health) {
            std::printf("%s: %s %s %s\n", instance.id.c_str(), health.type.c_str(),
                        std::string(model::to_string(health.state)).c_str(), health.description.c_str());
          }
        }
      }
      FAIL() << "in vain: " << what;
    }
    loop_->run_one_for(std::chrono::milliseconds(20));
  }
}

void LocalWorld::await_healthy(const std::string& name, int count) {
  await(fmt::format("{} healthy instances of {}", count, name), [&] {
    const auto found = group(name);
    const auto up = std::count_if(found.instances.begin(), found.instances.end(), [](const auto& instance) {
      return instance.state == model::HealthState::up;
    });
    return up == count && static_cast<int>(found.instances.size()) == count;
  });
}

std::string LocalWorld::bake(const std::string& version) {
  const fs::path source = data_ / ("source-" + version);
  fs::create_directories(source);
  fs::copy_file(DEMO_SERVICE_PROGRAM, source / "demo-service", fs::copy_options::skip_existing);
  std::ofstream(source / "VERSION") << version << "\n";
  const auto answer = perform(clusters::bake(key(), bake_spec(version)));
  return std::string(answer.at("imageId").as_string());
}

clusters::BakeSpec LocalWorld::bake_spec(const std::string& version) const {
  return {.account = "local",
          .region = "local",
          .name = "demo",
          .version = version,
          .settings = {{"source", (data_ / ("source-" + version)).string()}}};
}

int LocalWorld::balance(const std::string& name) {
  const int port = free_port();
  perform(clusters::upsert_load_balancer(key(), "local", "local", name, {{"port", port}}));
  return port;
}

clusters::ServerGroupSpec LocalWorld::spec(const std::string& image, int count) {
  return {.account = "local",
          .region = "local",
          .moniker = {.app = "shop", .stack = "main"},
          .image_id = image,
          .capacity = {.min = count, .max = count, .desired = count},
          .load_balancers = {"shop"},
          .settings = {{"command", {"demo-service"}},
                       {"env", {{"LAUNCH_LOG", (data_ / "launches").string()}}},
                       {"healthCheck", {{"intervalMs", 200}}}}};
}

std::string LocalWorld::create(const std::string& with_key, const clusters::ServerGroupSpec& wanted) {
  const auto answer = perform(clusters::create_server_group(with_key, wanted));
  return std::string(answer.at("serverGroupName").as_string());
}

model::ServerGroup LocalWorld::group(const std::string& name) {
  for (auto& found : snapshot().server_groups) {
    if (found.name == name) return found;
  }
  return {};
}

int LocalWorld::launches() const {
  const std::string text = read_text(data_ / "launches");
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

std::vector<std::string> LocalWorld::servers_in_haproxy() {
  clients::haproxy::RuntimeApi api(options_.data_directory + "/local/local/haproxy");
  const auto processes = run(api.processes());
  std::vector<std::string> names;
  for (const auto& server : run(api.servers(processes.worker))) names.push_back(server.name);
  std::sort(names.begin(), names.end());
  return names;
}

int LocalWorld::haproxy_master() {
  clients::haproxy::RuntimeApi api(options_.data_directory + "/local/local/haproxy");
  return run(api.processes()).master;
}

int LocalWorld::shim_in(const fs::path& directory) {
  for (const int pid : processes_of(directory)) {
    const std::string arguments = read_text(fmt::format("/proc/{}/cmdline", pid));
    if (arguments.find(std::string("shim\0", 5)) != std::string::npos) return pid;
  }
  return 0;
}

int LocalWorld::shim_of(const std::string& name, int index) {
  return shim_in(
      fmt::format("{}/local/local/server-groups/{}/instances/{}", options_.data_directory, name, index));
}

void LocalWorld::wait_until(const std::string& what, const std::function<bool()>& condition) {
  const base::TimePoint end = clock_.now() + std::chrono::milliseconds(patience_ms);
  while (!condition()) {
    if (clock_.now() > end) FAIL() << "in vain: " << what;
    if (loop_) {
      loop_->run_one_for(std::chrono::milliseconds(10));
    } else {
      poll(nullptr, 0, 10);
    }
  }
}

}  // namespace gennaker::providers::local
