#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/shared_list.h"

namespace gennaker::providers::docker {

/// What readers see of one sort of thing. An element that stays as it was is shared with the lists that were
/// handed out before. Threads: one.
template <class T>
class Published {
 public:
  /// Replaces everything; an element's `fingerprint` differs whenever a reader could notice a difference.
  /// Whether anything did.
  template <class Fingerprint>
  bool update(std::map<std::string, T> wanted, Fingerprint fingerprint) {
    const std::size_t before = list_.size();
    std::vector<std::string> kept;
    std::size_t position = 0;
    list_.remove_if([&](const T&) {
      const std::string& key = keys_[position++];
      if (!wanted.contains(key)) return true;
      kept.push_back(key);
      return false;
    });
    bool changed = list_.size() != before;
    keys_ = std::move(kept);
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      T& now = wanted.at(keys_[i]);
      if (fingerprint(list_[i]) != fingerprint(now)) {
        list_.edit(i) = std::move(now);
        changed = true;
      }
      wanted.erase(keys_[i]);
    }
    for (auto& [key, value] : wanted) {
      list_.push_back(std::move(value));
      keys_.push_back(key);
      changed = true;
    }
    return changed;
  }

  const base::SharedList<T>& list() const { return list_; }

 private:
  base::SharedList<T> list_;
  std::vector<std::string> keys_;  ///< of the list's elements
};

}  // namespace gennaker::providers::docker
