#include "clients/docker/file_in_tar.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"

namespace gennaker::clients::docker {
namespace {

constexpr std::size_t block_bytes = 512;
constexpr std::size_t size_at = 124, size_digits = 11, type_at = 156, magic_at = 257;
/// Of what is said about a file beside its header: names, times.
constexpr std::size_t most_description_bytes = 64 * 1024;

[[noreturn]] void refuse(const std::string& path, std::string_view why) {
  throw base::Error(base::Kind::invalid, fmt::format("'{}' {}", path, why), {{"path", path}});
}

std::string_view kind_of(char type) {
  switch (type) {
    case '1':
    case '2':
      return "is a link, not a file";
    case '5':
      return "is a directory, not a file";
    default:
      return "is not a regular file";
  }
}

}  // namespace

FileInTar::FileInTar(std::string path, std::size_t limit_bytes)
    : path_(std::move(path)), limit_bytes_(limit_bytes) {}

/// Octal digits.
std::size_t FileInTar::size_in_header() const {
  std::size_t size = 0;
  for (std::size_t i = 0; i < size_digits; ++i) {
    const char digit = header_[size_at + i];
    if (digit == '\0' || digit == ' ') break;
    if (digit < '0' || digit > '7') refuse(path_, "is too large");  // in base 256: 8 GiB and more
    size = size * 8 + static_cast<std::size_t>(digit - '0');
  }
  return size;
}

void FileInTar::read_header() {
  if (header_.compare(magic_at, 5, "ustar") != 0) refuse(path_, "does not come as a tar");
  const char type = header_[type_at];
  const std::size_t size = size_in_header();
  header_.clear();
  // Extended headers and GNU's long names: the entry itself follows.
  if (type == 'x' || type == 'g' || type == 'L' || type == 'K') {
    if (size > most_description_bytes) refuse(path_, "has a description that is too long");
    to_skip_ = (size + block_bytes - 1) / block_bytes * block_bytes;
    return;
  }
  if (type != '0' && type != '\0') refuse(path_, kind_of(type));
  if (size > limit_bytes_) {
    refuse(path_, fmt::format("is {} bytes long; {} is the most", size, limit_bytes_));
  }
  in_file_ = true;
  left_ = size;
  complete_ = left_ == 0;
}

void FileInTar::feed(std::string_view bytes) {
  while (!bytes.empty() && !complete_) {
    if (to_skip_ > 0) {
      const std::size_t count = std::min(bytes.size(), to_skip_);
      to_skip_ -= count;
      bytes.remove_prefix(count);
    } else if (in_file_) {
      const std::size_t count = std::min(bytes.size(), left_);
      content_ += bytes.substr(0, count);
      left_ -= count;
      complete_ = left_ == 0;
      bytes.remove_prefix(count);
    } else {
      const std::size_t count = std::min(bytes.size(), block_bytes - header_.size());
      header_ += bytes.substr(0, count);
      bytes.remove_prefix(count);
      if (header_.size() == block_bytes) read_header();
    }
  }
}

}  // namespace gennaker::clients::docker
