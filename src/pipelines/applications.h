#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/store.h"

namespace gennaker::pipelines {

namespace json = boost::json;
using base::Async;

/// Applications: free attributes under a name that is looked up without regard to case.
/// Throws base::Error: `invalid` (names the field), `not_found`, `unavailable`. Threads: any executor.
class Applications {
 public:
  Applications(store::Store& store, const base::Clock& clock) : store_(store), clock_(clock) {}

  /// Creates it or merges `attributes` into it; needs `name`, and `email` when it is new. Returns the
  /// attributes.
  Async<json::object> save(json::object attributes, std::string user);
  Async<std::optional<json::object>> find(std::string name);
  /// Its attribute `trafficGuards`, each rule with `setBy`: whose last change of them it was; empty for one
  /// that is unknown or has none.
  Async<json::array> traffic_guards(std::string name);
  /// By name.
  Async<std::vector<json::object>> list();
  /// With its pipelines. One that is not there is fine.
  Async<void> remove(std::string name, std::string user);

 private:
  store::Store& store_;
  const base::Clock& clock_;
};

}  // namespace gennaker::pipelines
