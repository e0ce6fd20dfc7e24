#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gennaker::clients::docker {

/// Takes the one file out of a tar that an engine sends, in whatever pieces it comes. Pure.
class FileInTar {
 public:
  /// `path`: for messages.
  FileInTar(std::string path, std::size_t limit_bytes);
  /// Throws base::Error `invalid` when it is no regular file, is larger than the limit, or this is no tar.
  void feed(std::string_view bytes);
  bool complete() const { return complete_; }
  /// Once it is complete.
  std::string take() { return std::move(content_); }

 private:
  void read_header();
  std::size_t size_in_header() const;

  std::string path_;
  std::size_t limit_bytes_;
  std::string header_;       ///< what has come of it
  std::size_t to_skip_ = 0;  ///< of an entry that tells of the next one, with its padding
  std::size_t left_ = 0;     ///< of the file
  bool in_file_ = false, complete_ = false;
  std::string content_;
};

}  // namespace gennaker::clients::docker
