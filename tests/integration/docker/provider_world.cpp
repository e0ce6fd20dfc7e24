#include "provider_world.h"

#include <arpa/inet.h>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gennaker::providers::docker {
namespace {}  // namespace

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

void make_source(const fs::path& place, const std::string& version) {
  fs::create_directories(place / "rootfs/bin");
  fs::copy_file("/bin/busybox", place / "rootfs/bin/busybox", fs::copy_options::skip_existing);
  for (const auto* name : {"sh", "httpd", "sleep", "echo"}) {
    if (!fs::is_symlink(place / "rootfs/bin" / name)) {
      fs::create_symlink("busybox", place / "rootfs/bin" / name);
    }
  }
  write(place / "rootfs/www/health", "fine\n");
  write(place / "rootfs/www/index.html", version);
  write(place / "Containerfile",
        "FROM scratch\nCOPY rootfs/ /\nENV PATH=/bin\n"
        "CMD [\"sh\", \"-c\", \"echo here; exec httpd -f -p 127.0.0.1:$PORT -h /www\"]\n");
}

std::string get(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = 5, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  static constexpr std::string_view request = "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n";
  if (connect(fd, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
    char bytes[4096];
    for (ssize_t n = recv(fd, bytes, sizeof bytes, 0); n > 0; n = recv(fd, bytes, sizeof bytes, 0)) {
      answer.append(bytes, static_cast<std::size_t>(n));
    }
  }
  ::close(fd);
  const auto head = answer.find("\r\n\r\n");
  if (answer.find(" 200 ") == std::string::npos || head == std::string::npos) return "";
  return answer.substr(head + 4);
}

Registry& registry() {
  static Registry registry;
  return registry;
}

Traffic::Traffic(int port) {
  thread_ = std::thread([this, port] {
    while (!stopped_) {
      if (get(port).empty()) ++failed_;
      ++sent_;
    }
  });
}

void Traffic::stop() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace gennaker::providers::docker
