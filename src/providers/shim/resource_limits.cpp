#include "providers/shim/resource_limits.h"

#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gennaker::providers {
namespace {

constexpr const char* control_groups = "/sys/fs/cgroup";

bool write_text(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return written;
}

bool holds_word(const std::string& path, std::string_view wanted) {
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    if (word == wanted) return true;
  }
  return false;
}

/// Own group in the version 2 hierarchy, "/system.slice/gennaker.service".
std::string own_group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return "/";
}

/// The largest number of open files that may be asked for: root may raise the hard limit, others not.
int allowed_open_files(int wanted) {
  rlimit limit{};
  if (wanted == 0 || geteuid() == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  return limit.rlim_max == RLIM_INFINITY ? wanted : std::min(wanted, static_cast<int>(limit.rlim_max));
}

}  // namespace

ResourceLimits::ResourceLimits(const ProcessSpec& spec, const std::string& name)
    : memory_bytes_(static_cast<long>(spec.memory_mb) * 1024 * 1024),
      open_files_(allowed_open_files(spec.open_files)) {
  if (memory_bytes_ == 0) return;
  memory_limited_by_ = make_control_group(name) ? "cgroup" : "address space";
}

bool ResourceLimits::make_control_group(const std::string& name) {
  // Under the own group where it is delegated to us, else at the root.
  for (const std::string& parent : {control_groups + own_group(), std::string(control_groups)}) {
    if (!holds_word(parent + "/cgroup.subtree_control", "memory")) continue;
    const std::string group = fmt::format("{}/gennaker-{}", parent, name);
    if (mkdir(group.c_str(), 0755) != 0 && errno != EEXIST) continue;
    if (!write_text(group + "/memory.max", std::to_string(memory_bytes_)) ||
        access((group + "/cgroup.procs").c_str(), W_OK) != 0) {
      rmdir(group.c_str());
      continue;
    }
    write_text(group + "/memory.swap.max", "0");
    group_ = group;
    group_processes_ = group + "/cgroup.procs";
    return true;
  }
  return false;
}

ResourceLimits::~ResourceLimits() {
  if (!group_.empty()) rmdir(group_.c_str());
}

void ResourceLimits::apply_to_self() const {
  if (open_files_ > 0) {
    const auto count = static_cast<rlim_t>(open_files_);
    const rlimit limit{count, count};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (!group_processes_.empty()) {
    const int fd = open(group_processes_.c_str(), O_WRONLY | O_CLOEXEC);
    const bool moved = fd >= 0 && write(fd, "0", 1) == 1;
    if (fd >= 0) close(fd);
    if (moved) return;
  }
  if (memory_bytes_ > 0) {
    const rlimit limit{static_cast<rlim_t>(memory_bytes_), static_cast<rlim_t>(memory_bytes_)};
    setrlimit(RLIMIT_AS, &limit);
  }
}

}  // namespace gennaker::providers
