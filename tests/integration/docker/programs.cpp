#include "programs.h"

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gennaker::clients::docker {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

/// Whether GET /_ping does: an engine listens before it is ready.
bool answers(const fs::path& socket_path) {
  sockaddr_un place{.sun_family = AF_UNIX, .sun_path = {}};
  socket_path.native().copy(place.sun_path, sizeof place.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = 5, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  static constexpr std::string_view request = "GET /_ping HTTP/1.0\r\nHost: localhost\r\n\r\n";
  std::array<char, 64> answer{};
  const bool answered = connect(fd, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0 &&
                        send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0 &&
                        recv(fd, answer.data(), answer.size() - 1, 0) > 0;
  close(fd);
  return answered && std::string_view(answer.data()).find(" 200 ") != std::string_view::npos;
}

void wait_until(const std::string& what, const fs::path& log, const std::function<bool()>& condition) {
  for (int i = 0; i < 1500; ++i) {
    if (condition()) return;
    poll(nullptr, 0, 20);
  }
  throw std::runtime_error(fmt::format("in vain: {}\n{}", what, text_of(log)));
}

/// What a container had mounted stays when its Podman is killed.
void unmount_below(const fs::path& directory) {
  std::ifstream mounts("/proc/self/mounts");
  std::vector<std::string> found;
  for (std::string device, place, rest; mounts >> device >> place && std::getline(mounts, rest);) {
    if (place.starts_with(directory.native() + "/")) found.push_back(place);
  }
  for (auto place = found.rbegin(); place != found.rend(); ++place) umount2(place->c_str(), MNT_DETACH);
}

/// What Podman is told, with a folder for its networks.
std::string containers_conf(const fs::path& networks) {
  std::ifstream file(CONTAINERS_CONF, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  static constexpr std::string_view gap = "{networks}";
  return text.replace(text.rfind(gap), gap.size(), networks.native());
}

constexpr std::string_view registry_conf = R"(version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {0}/images}}
http: {{addr: {1}, secret: any}}
auth:
  htpasswd: {{realm: test, path: {0}/htpasswd}}
)";

}  // namespace

void Program::start(std::vector<std::string> command, const Environment& environment, const fs::path& log) {
  std::vector<std::string> words{"setpriv", "--pdeathsig", "KILL", "--", "env"};
  for (const auto& [name, value] : environment) words.push_back(name + "=" + value);
  words.insert(words.end(), command.begin(), command.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  const int failed = posix_spawnp(&pid_, "setpriv", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot start setpriv: install util-linux");
}

int Program::stop(int signal) {
  int status = 0;
  if (pid_ < 0) return status;
  kill(pid_, signal);
  waitpid(std::exchange(pid_, -1), &status, 0);
  return status;
}

void Program::run(std::vector<std::string> command, const Environment& environment, const fs::path& log) {
  Program program;
  program.start(command, environment, log);
  int status = 0;
  waitpid(std::exchange(program.pid_, -1), &status, 0);
  if (status == 0) return;
  throw std::runtime_error(fmt::format("'{}' failed ('./dev setup' installs what is missing):\n{}",
                                       fmt::join(command, " "), text_of(log)));
}

Place::Place() {
  std::string pattern = (fs::temp_directory_path() / "gennaker-docker-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = fs::canonical(pattern);
}

Place::~Place() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void TestEngine::serve(std::vector<std::string> command, const Program::Environment& environment) {
  const fs::path log = place() / "engine.log";
  service_.start(std::move(command), environment, log);
  wait_until("the engine answers ('./dev setup' installs what is missing)", log,
             [this] { return answers(socket()); });
}

void TestEngine::stop() {
  service_.stop(SIGTERM);
  unmount_below(place());
}

Podman::Podman(const std::string& registry) {
  for (const auto* name : {"root", "run", "state", "networks", "tmp"}) fs::create_directory(place() / name);
  write(place() / "containers.conf", containers_conf(place() / "networks"));
  write(place() / "registries.conf",
        fmt::format("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", registry));
  environment_ = {{"CONTAINERS_CONF", place() / "containers.conf"},
                  {"CONTAINERS_REGISTRIES_CONF", place() / "registries.conf"},
                  {"REGISTRY_AUTH_FILE", place() / "auth.json"},
                  {"TMPDIR", place() / "tmp"}};
  serve();
}

Podman::~Podman() {
  try {
    run({"rm", "--all", "--force", "--time", "0"});
  } catch (const std::exception& error) {
    fmt::print("{}\n", error.what());
  }
  stop();
}

std::vector<std::string> Podman::command(const std::vector<std::string>& arguments) const {
  std::vector<std::string> words{
      "podman",   "--root",          place() / "root",   "--runroot", place() / "run",
      "--tmpdir", place() / "state", "--storage-driver", "vfs",       "--log-level",
      "warn"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

void Podman::serve() {
  TestEngine::serve(command({"system", "service", "--time=0", host()}), environment_);
}

void Podman::trust(const std::vector<std::string>& registries) {
  std::ofstream file(place() / "registries.conf", std::ios::app);
  for (const std::string& one : registries) {
    file << fmt::format("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", one);
  }
  file.close();
  kill();
  serve();
}

void Podman::run(const std::vector<std::string>& arguments) {
  Program::run(command(arguments), environment_, place() / "command.log");
}

Docker::Docker() {
  serve();
}

Docker::~Docker() {
  stop();
}

void Docker::serve() {
  // What the last one left behind names a containerd that has ended with it.
  fs::remove(place() / "run/containerd/containerd.pid");
  TestEngine::serve({"dockerd",
                     "--data-root",
                     place() / "root",
                     "--exec-root",
                     place() / "run",
                     "--pidfile",
                     place() / "pid",
                     "--host",
                     host(),
                     "--storage-driver",
                     "vfs",
                     "--exec-opt",
                     "native.cgroupdriver=cgroupfs",
                     "--bridge",
                     "none",
                     "--iptables=false",
                     "--ip-forward=false",
                     "--default-ulimit",
                     "nofile=1024:1024",
                     "--log-level",
                     "warn"},
                    {});
}

Registry::Registry() : port_(free_port()) {
  const fs::path& place = place_.path();
  write(place / "htpasswd", "ann:$2y$05$t26Mb8huZTKtJM/J6TleSO9L6j8ExRBv0Sja4edqkB7LiN31DXNhm\n");
  write(place / "registry.yml", fmt::format(registry_conf, place.native(), address()));
  program_.start({"docker-registry", "serve", place / "registry.yml"}, {}, place / "registry.log");
  wait_until("the registry answers", place / "registry.log", [this] { return listens(port_); });
}

std::string Registry::address() const {
  return fmt::format("127.0.0.1:{}", port_);
}

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof place;
  bind(fd, reinterpret_cast<sockaddr*>(&place), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&place), &size);
  close(fd);
  return ntohs(place.sin_port);
}

bool listens(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected = connect(fd, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0;
  close(fd);
  return connected;
}

}  // namespace gennaker::clients::docker
