#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "base/async.h"

namespace gennaker::base {

/// A connection to a UNIX socket of a text protocol, with a deadline for each wait. Whatever goes wrong
/// throws base::Error: `unavailable` (nobody listens, the other side has gone), `timeout`; after either the
/// connection is closed. Threads: one.
class UnixSocket {
 public:
  explicit UnixSocket(asio::any_io_executor executor);
  ~UnixSocket();
  UnixSocket(const UnixSocket&) = delete;
  UnixSocket& operator=(const UnixSocket&) = delete;

  /// The directory's path may be of any length; a socket's own is limited to 107 bytes.
  void connect(const std::string& directory, const std::string& name);
  Async<void> send(std::string text, std::chrono::milliseconds deadline);
  /// What was sent is all: the other side reads an end.
  void end_sending();
  /// Up to the next line feed, without it. `deadline` 0: waits for ever. A line of over 1 MiB is an error.
  Async<std::string> read_line(std::chrono::milliseconds deadline);
  /// Up to the end; at most 16 MiB.
  Async<std::string> read_all(std::chrono::milliseconds deadline);
  /// Ends whatever waits with `unavailable`. Callable at any time.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace gennaker::base
