#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace gennaker::api {

/// Tells the open streams that an account's inventory has changed. Threads: any.
class InventoryBell {
 public:
  using Listener = std::function<void(const std::string& account, std::uint64_t revision)>;

  std::uint64_t subscribe(Listener listener);
  void unsubscribe(std::uint64_t subscription);
  /// Calls every listener on this thread: they must be quick.
  void ring(const std::string& account, std::uint64_t revision);

 private:
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Listener> listeners_;
};

}  // namespace gennaker::api
