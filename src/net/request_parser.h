#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "net/http.h"

namespace gennaker::net {

/// Makes a Request of bytes as they arrive. Internal to the room; keeps Beast out of the other files.
class RequestParser {
 public:
  RequestParser(std::size_t header_limit_bytes, std::size_t body_limit_bytes);
  ~RequestParser();

  /// Gets ready for the next request of the connection.
  void reset();
  /// Takes what belongs to this request and says how many bytes that were; the caller keeps the rest and
  /// sends it again with what follows. Throws base::Error `invalid` with `status` 400, 413 or 431 in its
  /// details.
  std::size_t feed(std::string_view bytes);

  bool head_done() const;
  bool done() const;
  bool keep_alive() const;
  bool http_1_1() const;
  /// The client waits for "100 Continue" before it sends the body.
  bool expects_continue() const;
  /// What has been read so far; whole when done().
  Request& request();

 private:
  class Grammar;
  std::unique_ptr<Grammar> grammar_;
  std::size_t header_limit_bytes_, body_limit_bytes_;
};

}  // namespace gennaker::net
