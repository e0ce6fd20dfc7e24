#include "providers/shim/leftovers.h"

#include <csignal>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "providers/shim/process_spec.h"

namespace gennaker::providers {
namespace {

std::string read_all(const std::string& path) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char bytes[4096];
  for (ssize_t count = 0; (count = read(fd, bytes, sizeof bytes)) > 0;) {
    text.append(bytes, static_cast<std::size_t>(count));
  }
  close(fd);
  return text;
}

bool has_variable(pid_t pid, const std::string& wanted) {
  const std::string environment = read_all(fmt::format("/proc/{}/environ", pid));
  for (std::size_t at = environment.find(wanted); at != std::string::npos;
       at = environment.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    if ((at == 0 || environment[at - 1] == '\0') && (end == environment.size() || environment[end] == '\0')) {
      return true;
    }
  }
  return false;
}

struct Stat {
  char state = '?';
  pid_t parent = 0;
};

Stat stat_of(pid_t pid) {
  const std::string text = read_all(fmt::format("/proc/{}/stat", pid));
  // The name in the middle may hold anything, ')' too: the last one ends it.
  const auto end = text.rfind(')');
  Stat stat;
  int parent = 0;
  if (end != std::string::npos && std::sscanf(text.c_str() + end + 1, " %c %d", &stat.state, &parent) == 2) {
    stat.parent = parent;
  }
  return stat;
}

bool is_left_over(pid_t pid, const std::string& variable, pid_t parent) {
  const Stat stat = stat_of(pid);
  if (stat.state == 'Z' || stat.state == 'X' || stat.state == '?') return false;
  return (parent != 0 && stat.parent == parent) || has_variable(pid, variable);
}

}  // namespace

std::vector<pid_t> find_leftovers(const std::string& instance_directory, pid_t parent) {
  const std::string variable = fmt::format("{}={}", instance_variable, instance_directory);
  std::vector<pid_t> found;
  DIR* processes = opendir("/proc");
  if (processes == nullptr) return found;
  while (const dirent* entry = readdir(processes)) {
    const auto pid = static_cast<pid_t>(std::atoi(entry->d_name));
    if (pid > 0 && pid != getpid() && is_left_over(pid, variable, parent)) found.push_back(pid);
  }
  closedir(processes);
  return found;
}

bool kill_leftovers(const std::string& instance_directory, pid_t parent) {
  for (int pass = 0; pass < 200; ++pass) {
    const std::vector<pid_t> found = find_leftovers(instance_directory, parent);
    if (found.empty()) return true;
    for (const pid_t pid : found) kill(pid, SIGKILL);
    if (parent == getpid()) {
      while (waitpid(-1, nullptr, WNOHANG) > 0) {
      }
    }
    poll(nullptr, 0, 10);
  }
  return false;
}

}  // namespace gennaker::providers
