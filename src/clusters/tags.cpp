#include "clusters/tags.h"

#include "base/json.h"

namespace gennaker::clusters {

void set_tags(boost::json::object& tags, const model::Operation& operation) {
  const auto* given = base::find_object(operation.what, "tags");
  if (given == nullptr) return;
  for (const auto& tag : *given) {
    if (tag.value().is_null()) {
      tags.erase(tag.key());
    } else {
      tags[tag.key()] = tag.value();
    }
  }
}

}  // namespace gennaker::clusters
