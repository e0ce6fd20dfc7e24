#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/execution.h"

namespace gennaker::model {

/// Finds an execution's stages without walking through all of them. Good until a stage is added or removed.
class StageIndex {
 public:
  explicit StageIndex(const Execution& execution);

  const Stage* by_id(std::string_view id) const;
  const Stage* by_ref(std::string_view ref_id) const;
  /// What the stage requires, as far as it is there.
  const std::vector<const Stage*>& requisites_of(const Stage& stage) const;
  /// Those that require the stage with this ref id, in the execution's order.
  const std::vector<const Stage*>& followers_of(std::string_view ref_id) const;
  /// A stage's synthetic ones, in the execution's order.
  const std::vector<const Stage*>& children_of(std::string_view id) const;

 private:
  using Lists = std::unordered_map<std::string_view, std::vector<const Stage*>>;

  std::unordered_map<std::string_view, const Stage*> by_id_, by_ref_;
  std::unordered_map<const Stage*, std::vector<const Stage*>> requisites_;
  Lists followers_, children_;
};

}  // namespace gennaker::model
