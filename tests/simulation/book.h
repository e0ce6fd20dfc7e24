#pragma once

#include <map>
#include <set>
#include <string>

#include "model/execution.h"
#include "store/store.h"

namespace gennaker::simulation {

/// What the store holds, kept up by what took effect in it: cheap to look at after every step.
class Book {
 public:
  struct Entry {
    model::Execution execution;
    bool active = true;
    bool has_ended = false;  ///< once; it may have been restarted since
    /// The rows as they were written, by stage id.
    std::map<std::string, std::string> outlines, details;
    std::string header;
    /// How often each stage has begun.
    std::map<std::string, int> starts;
  };

  void apply(const store::Changes& changes);

  const Entry* find(const std::string& id) const {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second;
  }
  const std::map<std::string, Entry>& all() const { return entries_; }
  /// Those of which something is left to do.
  const std::set<std::string>& active() const { return active_; }

 private:
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> execution_of_stage_;
  std::set<std::string> active_;
};

}  // namespace gennaker::simulation
