#include "model/execution.h"

#include <algorithm>
#include <map>

namespace gennaker::model {
namespace {

struct Children {
  std::vector<std::size_t> before, after;
};

}  // namespace

Stage* Execution::find_stage(std::string_view stage_id) {
  return const_cast<Stage*>(std::as_const(*this).find_stage(stage_id));
}

const Stage* Execution::find_stage(std::string_view stage_id) const {
  const auto found =
      std::find_if(stages.begin(), stages.end(), [&](const Stage& s) { return s.id == stage_id; });
  return found == stages.end() ? nullptr : &*found;
}

const Stage* Execution::find_by_ref(std::string_view ref_id) const {
  const auto found =
      std::find_if(stages.begin(), stages.end(), [&](const Stage& s) { return s.ref_id == ref_id; });
  return found == stages.end() ? nullptr : &*found;
}

void sort_for_display(std::vector<Stage>& stages) {
  std::vector<std::size_t> top;
  std::map<std::string_view, Children> children;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const Stage& stage = stages[i];
    if (!stage.owner) {
      top.push_back(i);
    } else {
      auto& of_parent = children[stage.parent_id];
      (*stage.owner == Owner::before ? of_parent.before : of_parent.after).push_back(i);
    }
  }
  const auto by_ordinal = [&](std::size_t a, std::size_t b) { return stages[a].ordinal < stages[b].ordinal; };
  std::sort(top.begin(), top.end(), by_ordinal);
  for (auto& [parent, of_parent] : children) {
    std::sort(of_parent.before.begin(), of_parent.before.end(), by_ordinal);
    std::sort(of_parent.after.begin(), of_parent.after.end(), by_ordinal);
  }

  std::vector<std::size_t> order;
  order.reserve(stages.size());
  const auto visit = [&](const auto& self, std::size_t index) -> void {
    const auto found = children.find(stages[index].id);
    if (found != children.end()) {
      for (const std::size_t child : found->second.before) self(self, child);
    }
    order.push_back(index);
    if (found != children.end()) {
      for (const std::size_t child : found->second.after) self(self, child);
    }
  };
  for (const std::size_t index : top) visit(visit, index);

  std::vector<Stage> sorted;
  sorted.reserve(stages.size());
  for (const std::size_t index : order) sorted.push_back(std::move(stages[index]));
  stages = std::move(sorted);
}

}  // namespace gennaker::model
