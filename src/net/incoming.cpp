#include "net/incoming.h"

namespace gennaker::net {

void Incoming::take_head(const ClientResponse& head) {
  const std::lock_guard lock(mutex_);
  head_ = head;
  head_there_ = true;
  changed_.call();
}

Taken Incoming::take(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  paused_ = bytes_.size() >= limit;
  if (paused_) return Taken::not_yet;
  bytes_ += bytes;
  changed_.call();
  return Taken::yes;
}

void Incoming::end(std::exception_ptr error) {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  error_ = std::move(error);
  changed_.call();
}

bool Incoming::head_is_there() {
  const std::lock_guard lock(mutex_);
  if (!head_there_ && error_) std::rethrow_exception(error_);
  return head_there_;
}

Async<void> Incoming::wait_for_head() {
  while (!head_is_there()) co_await changed_.wait();
}

std::optional<Incoming::Bytes> Incoming::read_now() {
  const std::lock_guard lock(mutex_);
  if (!bytes_.empty())
    return Bytes{.bytes = std::exchange(bytes_, {}), .room = std::exchange(paused_, false)};
  if (error_) std::rethrow_exception(error_);
  return ended_ ? std::optional<Bytes>(Bytes{}) : std::nullopt;
}

Async<Incoming::Bytes> Incoming::read() {
  for (;;) {
    auto found = read_now();
    if (found) co_return std::move(*found);
    co_await changed_.wait();
  }
}

}  // namespace gennaker::net
