#pragma once

#include <mutex>

#include "net/call.h"
#include "net/wake.h"

namespace gennaker::net {

/// What has come of an answer and has not been read yet, between the client's thread and the reader's
/// executor. It holds at most `limit` bytes and one piece more; then the other side has to wait.
class Incoming {
 public:
  explicit Incoming(base::asio::any_io_executor executor) : changed_(std::move(executor)) {}

  /// For the client's thread.
  void take_head(const ClientResponse& head);
  Taken take(std::string_view bytes);
  void end(std::exception_ptr error);

  /// For the reader. Throws what has ended the call before its head came.
  Async<void> wait_for_head();
  const ClientResponse& head() const { return head_; }  ///< after wait_for_head
  struct Bytes {
    std::string bytes;  ///< empty: the end
    bool room = false;  ///< the other side was waiting for it
  };
  /// Throws what has ended the call, after all that came before it.
  Async<Bytes> read();
  /// The reader will not wait again: its executor may go.
  void close() { changed_.close(); }

 private:
  static constexpr std::size_t limit = 256 * 1024;

  bool head_is_there();
  std::optional<Bytes> read_now();

  std::mutex mutex_;
  ClientResponse head_;
  std::string bytes_;
  bool head_there_ = false, paused_ = false, ended_ = false;
  std::exception_ptr error_;
  Wake changed_;
};

}  // namespace gennaker::net
