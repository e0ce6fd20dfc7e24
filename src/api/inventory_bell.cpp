#include "api/inventory_bell.h"

namespace gennaker::api {

std::uint64_t InventoryBell::subscribe(Listener listener) {
  const std::lock_guard lock(mutex_);
  listeners_.emplace(++last_, std::move(listener));
  return last_;
}

void InventoryBell::unsubscribe(std::uint64_t subscription) {
  const std::lock_guard lock(mutex_);
  listeners_.erase(subscription);
}

void InventoryBell::ring(const std::string& account, std::uint64_t revision) {
  const std::lock_guard lock(mutex_);
  for (const auto& [subscription, listener] : listeners_) listener(account, revision);
}

}  // namespace gennaker::api
