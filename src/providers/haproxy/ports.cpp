#include "providers/haproxy/ports.h"

#include <arpa/inet.h>
#include <cstring>
#include <dirent.h>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gennaker::providers {
namespace {

/// Inodes of the sockets that listen on `port`. Source: Linux, Documentation/networking/proc_net_tcp.rst
std::set<std::string> listening_inodes(int port) {
  std::set<std::string> inodes;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
      std::istringstream words(line);
      std::string number, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
      words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >>
          inode;
      const bool listens = state == "0A";
      if (listens && local.ends_with(fmt::format(":{:04X}", port))) inodes.insert("socket:[" + inode + "]");
    }
  }
  return inodes;
}

bool holds_one(const std::string& pid, const std::set<std::string>& sockets) {
  const std::string directory = "/proc/" + pid + "/fd";
  DIR* descriptors = opendir(directory.c_str());
  if (descriptors == nullptr) return false;
  bool found = false;
  while (const dirent* entry = readdir(descriptors)) {
    char target[64];
    const ssize_t size = readlink((directory + "/" + entry->d_name).c_str(), target, sizeof target);
    if (size > 0) found = found || sockets.contains(std::string(target, static_cast<std::size_t>(size)));
  }
  closedir(descriptors);
  return found;
}

}  // namespace

std::optional<std::string> refuse_port(const std::string& address, int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // connections that are ending do not count
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, address.c_str(), &place.sin_addr);
  const bool free =
      bind(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0 && listen(fd, 1) == 0;
  const int error = errno;
  close(fd);
  if (free) return std::nullopt;
  return std::strerror(error);
}

std::string holder_of_port(int port) {
  const std::set<std::string> sockets = listening_inodes(port);
  if (sockets.empty()) return "";
  std::string holder;
  DIR* processes = opendir("/proc");
  if (processes == nullptr) return "";
  while (const dirent* entry = readdir(processes)) {
    const std::string pid = entry->d_name;
    if (!holder.empty() || pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!holds_one(pid, sockets)) continue;
    std::ifstream file("/proc/" + pid + "/comm");
    std::string name;
    std::getline(file, name);
    holder = fmt::format(" (held by process {}, '{}')", pid, name);
  }
  closedir(processes);
  return holder;
}

}  // namespace gennaker::providers
