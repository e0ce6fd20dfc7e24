#include "clients/docker/tar.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>
#include <vector>

#include "base/async.h"
#include "base/error.h"

namespace gennaker::clients::docker {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::Kind;

constexpr std::size_t block_bytes = 512;
constexpr std::size_t piece_bytes = 64 * 1024;
constexpr std::uintmax_t largest_file_bytes = (std::uintmax_t{1} << 33) - 1;  // eleven octal digits

[[noreturn]] void refuse(const fs::path& path, std::string_view why) {
  throw Error(Kind::invalid, fmt::format("'{}' {}", path.native(), why), {{"path", path.native()}});
}

std::ifstream opened(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  return file;
}

std::string read_from(std::ifstream& file, std::size_t most) {
  std::string bytes(most, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(most));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

/// What one header says.
struct Entry {
  std::string name;
  char type = '0';
  std::uintmax_t size = 0;
  unsigned mode = 0644;
  std::int64_t modified = 0;  ///< seconds since 1970
  std::string target = {};    ///< of a link
};

constexpr std::size_t name_bytes = 100, target_at = 157, type_at = 156, checksum_at = 148;

void put_text(std::string& header, std::size_t at, std::string_view text) {
  header.replace(at, text.size(), text);
}

/// Octal, with a zero byte after it.
void put_number(std::string& header, std::size_t at, int digits, std::uintmax_t number) {
  put_text(header, at, fmt::format("{:0{}o}", number, digits));
}

std::string header_of(const Entry& entry) {
  std::string header(block_bytes, '\0');
  put_text(header, 0, std::string_view(entry.name).substr(0, name_bytes));
  put_number(header, 100, 7, entry.mode);
  put_number(header, 108, 7, 0);  // owner
  put_number(header, 116, 7, 0);  // group
  put_number(header, 124, 11, entry.size);
  put_number(header, 136, 11, static_cast<std::uintmax_t>(std::max<std::int64_t>(0, entry.modified)));
  header[type_at] = entry.type;
  put_text(header, target_at, std::string_view(entry.target).substr(0, name_bytes));
  put_text(header, 257, "ustar  ");  // GNU's, for the long names
  put_text(header, checksum_at, "        ");
  std::uintmax_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put_text(header, checksum_at, fmt::format("{:06o}", sum));
  header[checksum_at + 6] = '\0';
  return header;
}

std::string padding(std::uintmax_t size) {
  return std::string((block_bytes - size % block_bytes) % block_bytes, '\0');
}

/// An entry before the one whose name (L) or target (K) has no room in its header.
std::string long_text(char type, const std::string& text) {
  const std::size_t size = text.size() + 1;
  return header_of({.name = "././@LongLink", .type = type, .size = size}) + text + '\0' + padding(size);
}

std::string headers_of(const Entry& entry) {
  std::string headers;
  if (entry.name.size() > name_bytes) headers += long_text('L', entry.name);
  if (entry.target.size() > name_bytes) headers += long_text('K', entry.target);
  return headers + header_of(entry);
}

class DirectoryTar {
 public:
  explicit DirectoryTar(fs::path root) : root_(std::move(root)) {}

  /// The next piece; empty: the end.
  std::string next() {
    if (!listed_) list();
    std::string piece;
    while (piece.size() < piece_bytes && !ended_) add_some(piece);
    return piece;
  }

 private:
  void list() {
    listed_ = true;
    std::error_code error;
    std::vector<fs::path> found;
    for (fs::recursive_directory_iterator entry(root_, error), end; !error && entry != end;
         entry.increment(error)) {
      found.push_back(entry->path().lexically_relative(root_));
    }
    if (error) refuse(root_, fmt::format("cannot be read as a directory: {}", error.message()));
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.native() < b.native(); });
    paths_.assign(found.begin(), found.end());
  }

  void add_some(std::string& piece) {
    if (left_ > 0) {
      add_content(piece);
    } else if (!paths_.empty()) {
      begin(piece, paths_.front());
      paths_.pop_front();
    } else {
      piece += std::string(2 * block_bytes, '\0');
      ended_ = true;
    }
  }

  void begin(std::string& piece, const fs::path& relative) {
    const fs::path path = root_ / relative;
    struct stat found {};
    if (lstat(path.c_str(), &found) != 0)
      refuse(path, fmt::format("cannot be read: {}", std::strerror(errno)));
    Entry entry{.name = relative.native(), .mode = found.st_mode & 07777, .modified = found.st_mtime};
    if (S_ISDIR(found.st_mode)) {
      entry.type = '5';
      entry.name += '/';
    } else if (S_ISLNK(found.st_mode)) {
      entry.type = '2';
      entry.target = fs::read_symlink(path).native();
    } else if (S_ISREG(found.st_mode)) {
      begin_file(entry, path, static_cast<std::uintmax_t>(found.st_size));
    } else {
      refuse(path, "is neither file, directory nor link");
    }
    piece += headers_of(entry);
  }

  void begin_file(Entry& entry, const fs::path& path, std::uintmax_t size) {
    if (size > largest_file_bytes) refuse(path, "is larger than 8 GiB");
    entry.size = size;
    file_ = opened(path);
    file_path_ = path;
    left_ = size;
    size_ = size;
  }

  void add_content(std::string& piece) {
    const std::string bytes =
        read_from(file_, static_cast<std::size_t>(std::min<std::uintmax_t>(left_, piece_bytes)));
    if (bytes.empty()) refuse(file_path_, "has become shorter while it was read");
    piece += bytes;
    left_ -= bytes.size();
    if (left_ == 0) piece += padding(size_);
  }

  fs::path root_;
  std::deque<fs::path> paths_;  ///< still to come
  std::ifstream file_;          ///< the one that is being read
  fs::path file_path_;
  std::uintmax_t left_ = 0, size_ = 0;  ///< of it
  bool listed_ = false, ended_ = false;
};

class FileBytes {
 public:
  explicit FileBytes(fs::path path) : path_(std::move(path)) {}
  std::string next() {
    if (!file_.is_open()) file_ = opened(path_);
    std::string bytes = read_from(file_, piece_bytes);
    if (file_.bad() || (bytes.empty() && !file_.eof())) refuse(path_, "cannot be read");
    return bytes;
  }

 private:
  fs::path path_;
  std::ifstream file_;
};

template <class Reader>
base::Async<std::string> read_on(boost::asio::thread_pool& pool, std::shared_ptr<Reader> reader) {
  auto reading = base::run_blocking(pool, [reader] { return reader->next(); });
  co_return co_await std::move(reading);
}

template <class Reader>
net::BodySource source_of(boost::asio::thread_pool& pool, fs::path path) {
  auto reader = std::make_shared<Reader>(std::move(path));
  return [&pool, reader] { return read_on(pool, reader); };
}

}  // namespace

net::BodySource tar_of(boost::asio::thread_pool& pool, fs::path directory) {
  return source_of<DirectoryTar>(pool, std::move(directory));
}

net::BodySource bytes_of(boost::asio::thread_pool& pool, fs::path file) {
  return source_of<FileBytes>(pool, std::move(file));
}

}  // namespace gennaker::clients::docker
