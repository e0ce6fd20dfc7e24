#include "providers/local/tarball.h"

#include <array>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"

namespace gennaker::providers::local {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block_size = 512;
constexpr std::int64_t longest_header = 64 * 1024;
constexpr int most_entries = 100'000;

/// Source: POSIX.1-2017, pax, "ustar Interchange Format".
struct Header {
  char name[100], mode[8], uid[8], gid[8], size[12], time[12], checksum[8], type, link[100], magic[6],
      version[2], user[32], group[32], major[8], minor[8], prefix[155], padding[12];
};
static_assert(sizeof(Header) == block_size);

struct Entry {
  std::string name, link;
  std::int64_t size = 0;
  mode_t mode = 0;
  char type = '0';
};

class Unpacking {
 public:
  Unpacking(const std::string& tarball, std::string directory, std::int64_t limit, std::string what)
      : directory_(std::move(directory)), left_(limit), limit_(limit), what_(std::move(what)) {
    file_ = gzopen(tarball.c_str(), "rbe");
    if (file_ == nullptr) refuse("cannot be opened");
  }
  ~Unpacking() { gzclose(file_); }
  Unpacking(const Unpacking&) = delete;
  Unpacking& operator=(const Unpacking&) = delete;

  void run() {
    int entries = 0;
    while (auto entry = next_entry()) {
      if (++entries > most_entries) refuse(fmt::format("has more than {} entries", most_entries));
      unpack(*entry);
    }
    if (entries == 0) refuse("is not a tar archive with content");
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw base::Error(base::Kind::invalid, fmt::format("{} {}", what_, why));
  }

  void read_exactly(char* bytes, std::size_t size) {
    const int count = gzread(file_, bytes, static_cast<unsigned>(size));
    if (count != static_cast<int>(size)) refuse("is cut short or damaged");
  }

  std::int64_t number(const char* field, std::size_t size) const {
    if ((field[0] & 0x80) != 0) {  // GNU: big-endian binary
      std::int64_t value = field[0] & 0x3f;
      for (std::size_t i = 1; i < size; ++i) {
        if (value > (std::int64_t{1} << 50)) refuse("has an entry of impossible size");
        value = (value << 8) | static_cast<unsigned char>(field[i]);
      }
      return value;
    }
    return std::strtoll(std::string(field, size).c_str(), nullptr, 8);
  }

  static bool sum_is_right(const Header& header) {
    std::array<unsigned char, block_size> bytes{};
    std::memcpy(bytes.data(), &header, block_size);
    std::memset(bytes.data() + offsetof(Header, checksum), ' ', sizeof header.checksum);
    long sum = 0;
    for (const unsigned char byte : bytes) sum += byte;
    return std::strtol(std::string(header.checksum, sizeof header.checksum).c_str(), nullptr, 8) == sum;
  }

  template <std::size_t N>
  static std::string text(const char (&field)[N]) {
    return std::string(field, strnlen(field, N));
  }

  std::string read_text(std::int64_t size) {
    if (size < 0 || size > longest_header) refuse("has an impossible header");
    std::string content(static_cast<std::size_t>(size), '\0');
    read_exactly(content.data(), content.size());
    skip_padding(size);
    return content;
  }

  void skip_padding(std::int64_t size) {
    char ignored[block_size];
    const auto over = static_cast<std::size_t>(size) % block_size;
    if (over != 0) read_exactly(ignored, block_size - over);
  }

  void take_pax(std::string_view records, Entry& coming) {
    while (!records.empty()) {
      const auto space = records.find(' ');
      const auto size = static_cast<std::size_t>(std::atol(std::string(records.substr(0, space)).c_str()));
      if (space == std::string_view::npos || size <= space + 1 || size > records.size()) refuse("is damaged");
      const std::string_view record = records.substr(space + 1, size - space - 2);
      const auto equals = record.find('=');
      const std::string value(equals == std::string_view::npos ? "" : record.substr(equals + 1));
      if (record.starts_with("path=")) coming.name = value;
      if (record.starts_with("linkpath=")) coming.link = value;
      if (record.starts_with("size=")) coming.size = std::atoll(value.c_str());
      records.remove_prefix(size);
    }
  }

  std::optional<Entry> next_entry() {
    Entry coming;  // what extension headers say about the entry that follows them
    for (;;) {
      Header header;
      const int count = gzread(file_, &header, sizeof header);
      if (count == 0 || (count == sizeof header && header.name[0] == '\0')) return std::nullopt;
      if (count != sizeof header || !sum_is_right(header)) refuse("is not a tar archive, or is damaged");
      const std::int64_t size = number(header.size, sizeof header.size);
      if (header.type == 'L') {
        coming.name = read_text(size).c_str();
      } else if (header.type == 'K') {
        coming.link = read_text(size).c_str();
      } else if (header.type == 'x') {
        take_pax(read_text(size), coming);
      } else if (header.type == 'g') {
        read_text(size);
      } else {
        return finish(header, std::move(coming), size);
      }
    }
  }

  Entry finish(const Header& header, Entry entry, std::int64_t size) {
    if (entry.name.empty()) {
      const bool has_prefix = std::memcmp(header.magic, "ustar\0", 6) == 0 && header.prefix[0] != '\0';
      entry.name = has_prefix ? text(header.prefix) + "/" + text(header.name) : text(header.name);
    }
    if (entry.link.empty()) entry.link = text(header.link);
    if (entry.size == 0) entry.size = size;
    entry.mode = static_cast<mode_t>(number(header.mode, sizeof header.mode)) & 0777;
    entry.type = header.type;
    if (entry.size < 0) refuse("has an entry of impossible size");
    return entry;
  }

  /// The path below the directory; refuses what leaves it by name or through a link that came earlier.
  std::string path_of(const std::string& name) const {
    const fs::path path = fs::path(name).lexically_normal();
    const bool leaves = path.is_absolute() || (!path.empty() && *path.begin() == "..");
    if (leaves) refuse(fmt::format("has the entry '{}', which leaves the archive", name));
    fs::path walked = directory_;
    for (const fs::path& part : path.parent_path()) {
      walked /= part;
      if (fs::is_symlink(fs::symlink_status(walked))) refuse(fmt::format("writes '{}' through a link", name));
    }
    return (fs::path(directory_) / path).string();
  }

  void unpack(const Entry& entry) {
    const std::string path = path_of(entry.name);
    std::error_code ignored;
    fs::create_directories(fs::path(path).parent_path(), ignored);
    switch (entry.type) {
      case '5':
        fs::create_directories(path, ignored);
        return;
      case '2':
        if (symlink(entry.link.c_str(), path.c_str()) != 0)
          refuse(fmt::format("cannot make '{}'", entry.name));
        return;
      case '1':
        fs::create_hard_link(path_of(entry.link), path, ignored);
        if (ignored) refuse(fmt::format("cannot link '{}'", entry.name));
        return;
      case '0':
      case '\0':
      case '7':
        write_file(entry, path);
        return;
      default:
        refuse(fmt::format("has the entry '{}', which is neither file, directory nor link", entry.name));
    }
  }

  void write_file(const Entry& entry, const std::string& path) {
    left_ -= entry.size;
    if (left_ < 0) refuse(fmt::format("holds more than the {} bytes that are allowed", limit_));
    unlink(path.c_str());
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) refuse(fmt::format("cannot be unpacked: '{}': {}", entry.name, strerror(errno)));
    copy_content(entry, fd);
    fchmod(fd, entry.mode | 0400);
    close(fd);
    skip_padding(entry.size);
  }

  void copy_content(const Entry& entry, int fd) {
    std::array<char, 65536> bytes{};
    for (std::int64_t left = entry.size; left > 0;) {
      const auto size = static_cast<std::size_t>(std::min<std::int64_t>(left, bytes.size()));
      const int count = gzread(file_, bytes.data(), static_cast<unsigned>(size));
      const bool written = count > 0 && write(fd, bytes.data(), static_cast<std::size_t>(count)) == count;
      if (!written) {
        close(fd);
        refuse(fmt::format("cannot be unpacked: '{}'", entry.name));
      }
      left -= count;
    }
  }

  gzFile file_ = nullptr;
  std::string directory_;
  std::int64_t left_, limit_;
  std::string what_;
};

}  // namespace

void unpack_tarball(const std::string& tarball, const std::string& directory, std::int64_t limit_bytes,
                    const std::string& what) {
  Unpacking(tarball, directory, limit_bytes, what).run();
}

}  // namespace gennaker::providers::local
