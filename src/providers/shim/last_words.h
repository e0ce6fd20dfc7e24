#pragma once

#include <string>
#include <string_view>

namespace gennaker::providers {

/// The last line of an output that is not blank: what a program that ended mostly had to say about it.
/// Threads: one.
class LastWords {
 public:
  void append(std::string_view bytes);
  void clear() { tail_.clear(); }
  /// At most 200 bytes, without colours and control characters; empty: nothing was said.
  std::string text() const;

 private:
  std::string tail_;
};

}  // namespace gennaker::providers
