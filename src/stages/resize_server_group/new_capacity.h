#pragma once

#include <optional>

#include "clusters/inventory.h"
#include "stages/fields.h"

/// What a resize makes of a capacity. Pure.
namespace gennaker::stages {

struct Resize {
  enum class Action { exact, up, down, to_cluster, to_server_group } action = Action::exact;
  PartialCapacity capacity;
  std::optional<int> percent, number;
  bool pin = false;                   ///< min = max = desired
  bool pin_min = false;               ///< min = desired
  std::optional<int> unpin_min = {};  ///< min goes down to this, and is never raised
};

/// Reads `action`, `capacity`, `scalePct`, `scaleNum`, `pinCapacity`, `pinMinimumCapacity`, and
/// `unpinMinimumCapacity` with `savedCapacity.min`; numbers may be texts.
Resize read_resize(const json::object& context, std::optional<clusters::FieldProblem>& problem);

/// `cluster`: for `to_cluster`. `source`: for `to_server_group`.
model::Capacity new_capacity(const Resize& resize, const model::Capacity& current,
                             const clusters::ServerGroups& cluster, const model::Capacity& source);

}  // namespace gennaker::stages
