#pragma once

#include <filesystem>

namespace gennaker::store::sqlite {

/// Says that this process owns a database: `<file>.lock`, held with flock(2) until the object goes or the
/// process ends, however it ends. A child that is forked without exec would keep it held.
class FileLock {
 public:
  /// Throws base::Error `unavailable`, naming the lock file and the process that holds it.
  explicit FileLock(const std::filesystem::path& file);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace gennaker::store::sqlite
