#include "net/outgoing.h"

#include <algorithm>

namespace gennaker::net {

std::optional<std::size_t> Outgoing::give(std::span<char> buffer) {
  const std::lock_guard lock(mutex_);
  if (failed_) std::rethrow_exception(failed_);
  const std::size_t count = std::min(buffer.size(), piece_.size() - given_);
  if (count == 0) return last_ ? std::optional<std::size_t>(0) : std::nullopt;
  std::copy_n(piece_.data() + given_, count, buffer.data());
  given_ += count;
  if (given_ == piece_.size()) changed_.call();
  return count;
}

void Outgoing::end() {
  const std::lock_guard lock(mutex_);
  over_ = true;
  changed_.call();
}

bool Outgoing::put(std::string piece) {
  const std::lock_guard lock(mutex_);
  last_ = piece.empty();
  piece_ = std::move(piece);
  given_ = 0;
  return !over_;
}

void Outgoing::fail(std::exception_ptr error) {
  const std::lock_guard lock(mutex_);
  failed_ = std::move(error);
}

bool Outgoing::taken() {
  const std::lock_guard lock(mutex_);
  return over_ || given_ == piece_.size();
}

base::Async<void> Outgoing::wait_until_taken() {
  while (!taken()) co_await changed_.wait();
}

}  // namespace gennaker::net
