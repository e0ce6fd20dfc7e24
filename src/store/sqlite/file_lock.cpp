#include "store/sqlite/file_lock.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"

namespace gennaker::store::sqlite {
namespace {

std::string holder_of(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = pread(descriptor, text.data(), text.size(), 0);
  std::string holder(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return holder.empty() ? "another process" : "process " + holder;
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& file) {
  const std::string path = file.string() + ".lock";
  descriptor_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor_ < 0) {
    throw base::Error(
        base::Kind::unavailable,
        fmt::format("cannot open {} ({}): its directory must exist, and this user must be allowed "
                    "to write to it",
                    path, std::strerror(errno)));
  }
  if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = holder_of(descriptor_);
    close(descriptor_);
    throw base::Error(base::Kind::unavailable,
                      fmt::format("{} is in use by {} (which holds {}): stop it, or name another file",
                                  file.string(), holder, path));
  }
  const std::string mine = fmt::format("{}\n", getpid());
  // Only for the message above; without it the lock is as good.
  if (ftruncate(descriptor_, 0) == 0 && pwrite(descriptor_, mine.data(), mine.size(), 0) < 0) return;
}

FileLock::~FileLock() {
  close(descriptor_);
}

}  // namespace gennaker::store::sqlite
