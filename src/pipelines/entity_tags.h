#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/store.h"

namespace gennaker::pipelines {

namespace json = boost::json;
using base::Async;

/// Notes that people and pipelines pin to things in clouds: {id, entityRef, tags[{name, namespace, value,
/// valueType}], tagsMetadata[], lastModified, lastModifiedBy}. A document each; the thing itself may be gone.
/// Throws base::Error: `invalid` (names the field), `conflict`, `unavailable`. Threads: any executor.
class EntityTags {
 public:
  explicit EntityTags(store::Store& store) : store_(store) {}

  struct By {
    std::string user;
    base::TimePoint at{};
  };
  /// Sets tags; those of other names stay unless `replace`. To repeat it does nothing new. Returns the
  /// document.
  enum class Others { keep, replace };
  Async<json::object> upsert(json::object entity_ref, json::array tags, Others others, By by);
  /// Takes tags away, all when `names` is empty. What is not there is fine.
  Async<void> remove(std::string id, std::vector<std::string> names, By by);
  Async<std::optional<json::object>> find(std::string id);
  using Wanted = std::function<bool(const json::object&)>;
  /// By id; at most `most`.
  Async<std::vector<json::object>> list(Wanted wanted, std::size_t most);

 private:
  Async<void> write(std::string id, std::optional<store::Document> before, json::object body, By by);

  store::Store& store_;
};

/// "simulated:servergroup:shop-v001:local:here"; a part that is missing is "*". Pure.
std::string entity_tags_id(const json::object& entity_ref);

}  // namespace gennaker::pipelines
