#pragma once

#include <exception>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "net/wake.h"

namespace gennaker::net {

/// The piece of a request's body that is on its way from the caller's executor to the client's thread. One at
/// a time: a source is asked no faster than the other side takes.
class Outgoing {
 public:
  explicit Outgoing(base::asio::any_io_executor executor) : changed_(std::move(executor)) {}

  /// For the client's thread: how many bytes it put into `buffer`, 0 at the end, nullopt while there are
  /// none. Throws what was given to fail().
  std::optional<std::size_t> give(std::span<char> buffer);
  /// For the client's thread: the call is over.
  void end();

  /// An empty piece is the end. false: nobody wants it any more.
  bool put(std::string piece);
  void fail(std::exception_ptr error);
  /// Until the piece is gone or the call is over.
  base::Async<void> wait_until_taken();
  /// The source will not wait again: its executor may go.
  void close() { changed_.close(); }

 private:
  bool taken();

  std::mutex mutex_;
  std::string piece_;
  std::size_t given_ = 0;  ///< of the piece
  bool last_ = false, over_ = false;
  std::exception_ptr failed_;
  Wake changed_;
};

}  // namespace gennaker::net
