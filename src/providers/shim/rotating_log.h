#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gennaker::providers {

/// A file that is appended to, and put aside as `name.1`, `name.2` ... when it is full. What cannot be
/// written (a full disk) is dropped: a log must not stop what it describes. Threads: one.
class RotatingLog {
 public:
  RotatingLog(std::string path, std::int64_t max_bytes, int files_kept);
  ~RotatingLog();
  RotatingLog(const RotatingLog&) = delete;
  RotatingLog& operator=(const RotatingLog&) = delete;

  void append(std::string_view bytes);

 private:
  void open_file();
  void rotate();

  std::string path_;
  std::int64_t max_bytes_;
  int files_kept_;
  int fd_ = -1;
  std::int64_t size_ = 0;
};

}  // namespace gennaker::providers
