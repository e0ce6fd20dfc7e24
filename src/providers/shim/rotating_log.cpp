#include "providers/shim/rotating_log.h"

#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gennaker::providers {

RotatingLog::RotatingLog(std::string path, std::int64_t max_bytes, int files_kept)
    : path_(std::move(path)), max_bytes_(std::max<std::int64_t>(max_bytes, 1)), files_kept_(files_kept) {
  open_file();
}

RotatingLog::~RotatingLog() {
  if (fd_ >= 0) close(fd_);
}

void RotatingLog::append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (size_ >= max_bytes_) rotate();
    const auto room = static_cast<std::size_t>(max_bytes_ - size_);
    const ssize_t written = write(fd_, bytes.data(), std::min(room, bytes.size()));
    if (written <= 0) return;
    size_ += written;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void RotatingLog::open_file() {
  fd_ = open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  struct stat status {};
  size_ = fd_ >= 0 && fstat(fd_, &status) == 0 ? status.st_size : 0;
}

void RotatingLog::rotate() {
  if (fd_ >= 0) close(fd_);
  for (int number = files_kept_ - 1; number >= 1; --number) {
    std::rename(fmt::format("{}.{}", path_, number).c_str(), fmt::format("{}.{}", path_, number + 1).c_str());
  }
  if (files_kept_ > 0) {
    std::rename(path_.c_str(), fmt::format("{}.1", path_).c_str());
  } else {
    unlink(path_.c_str());
  }
  open_file();
  if (size_ >= max_bytes_ && ftruncate(fd_, 0) == 0) size_ = 0;  // it would not move: start it again
}

}  // namespace gennaker::providers
