#include "providers/shim/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::providers {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, int error) {
  throw base::Error(base::Kind::unavailable,
                    fmt::format("{}: {}", path, std::generic_category().message(error)));
}

void write_and_sync(const std::string& path, std::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) fail(path, errno);
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count < 0) {
      const int error = errno;
      close(fd);
      unlink(path.c_str());
      fail(path, error);
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  const int synced = fsync(fd);
  const int error = errno;
  close(fd);
  if (synced != 0) fail(path, error);
}

}  // namespace

void write_atomically(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".tmp";
  write_and_sync(temporary, text);
  if (rename(temporary.c_str(), path.c_str()) != 0) fail(path, errno);
  sync_directory(fs::path(path).parent_path());
}

std::optional<std::string> read_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::nullopt;
  if (fd < 0) fail(path, errno);
  std::string text;
  char bytes[65536];
  ssize_t count = 0;
  while ((count = read(fd, bytes, sizeof bytes)) > 0) text.append(bytes, static_cast<std::size_t>(count));
  const int error = errno;
  close(fd);
  if (count < 0) fail(path, error);
  return text;
}

std::optional<json::object> read_json_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return std::nullopt;
  try {
    return base::parse_json_object(*text, path);
  } catch (const base::Error& error) {
    throw base::Error(base::Kind::internal, error.what());
  }
}

std::string read_end(const std::string& path, std::int64_t bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  struct stat status {};
  const off_t from = fstat(fd, &status) == 0 ? std::max<off_t>(0, status.st_size - bytes) : 0;
  std::string text(static_cast<std::size_t>(bytes), '\0');
  const ssize_t count = pread(fd, text.data(), text.size(), from);
  close(fd);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

void make_directories(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(path, error.value());
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void remove_tree(const std::string& path) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(path, error))) return;
  // Images are read-only; a directory must be writable to lose its entries.
  for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_directory() && !entry->is_symlink()) chmod(entry->path().c_str(), 0700);
  }
  chmod(path.c_str(), 0700);
  fs::remove_all(path, error);
  if (error) fail(path, error.value());
}

void sync_directory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail(path, errno);
  const int synced = fsync(fd);
  const int error = errno;
  close(fd);
  if (synced != 0) fail(path, error);
}

}  // namespace gennaker::providers
