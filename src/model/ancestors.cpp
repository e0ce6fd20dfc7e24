#include "model/ancestors.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "model/stage_index.h"

namespace gennaker::model {
namespace {

/// Walks from a stage towards the start. A stage with requisites sees them, then their synthetic children,
/// then what lies before each; one without sees its parent, an after-stage first its parent's before-stages.
/// With a stack of its own: thousands of stages may stand in a row.
class Walk {
 public:
  explicit Walk(const Execution& execution) : execution_(execution) {}

  std::vector<const Stage*> from(const Stage& stage) {
    add(stage);
    open_.push_back(&stage);
    while (!open_.empty()) {
      const Stage* next = open_.back();
      open_.pop_back();
      if (!expanded_.insert(next).second) continue;
      if (!next->requisites.empty()) {
        look_at_requisites(*next);
      } else if (next->owner) {
        look_at_parent(*next);
      }
    }
    return std::move(found_);
  }

 private:
  void look_at_requisites(const Stage& stage) {
    expect_look_ups(stage.requisites.size());
    std::vector<const Stage*> required, children;
    for (const std::string& ref_id : stage.requisites) {
      if (const Stage* one = by_ref(ref_id)) required.push_back(one);
    }
    std::sort(required.begin(), required.end());  // they lie in one vector: the execution's order
    for (const Stage* one : required) add(*one);
    for (const Stage* one : required) {
      for (const Stage* child : children_of(one->id)) children.push_back(child);
    }
    std::sort(children.begin(), children.end());
    for (const Stage* child : children) add(*child);
    // The first is to be looked at first, with all that lies before it.
    open_.insert(open_.end(), required.rbegin(), required.rend());
  }

  void look_at_parent(const Stage& stage) {
    expect_look_ups(1);
    const Stage* parent = execution_.find_stage(stage.parent_id);
    if (parent == nullptr) return;
    if (*stage.owner == Owner::after) {
      for (const Stage* sibling : children_of(stage.parent_id)) {
        if (sibling->owner == Owner::before) add(*sibling);
      }
    }
    if (add(*parent)) open_.push_back(parent);
  }

  bool add(const Stage& stage) {
    if (!visited_.insert(&stage).second) return false;
    found_.push_back(&stage);
    return true;
  }

  /// A few look-ups walk through all stages; from some number on it pays to sort them first.
  void expect_look_ups(std::size_t count) {
    constexpr std::size_t few = 16;
    if (!index_ && (look_ups_ += count) > few) index_.emplace(execution_);
  }

  const Stage* by_ref(std::string_view ref_id) const {
    return index_ ? index_->by_ref(ref_id) : execution_.find_by_ref(ref_id);
  }

  std::vector<const Stage*> children_of(std::string_view id) const {
    if (index_) return index_->children_of(id);
    std::vector<const Stage*> children;
    for (const Stage& stage : execution_.stages) {
      if (stage.owner && stage.parent_id == id) children.push_back(&stage);
    }
    return children;
  }

  const Execution& execution_;
  std::size_t look_ups_ = 0;
  std::optional<StageIndex> index_;  ///< once it pays
  std::unordered_set<const Stage*> visited_, expanded_;
  std::vector<const Stage*> open_, found_;
};

}  // namespace

std::vector<const Stage*> ancestors(const Execution& execution, const Stage& stage) {
  return Walk(execution).from(stage);
}

const Stage& top_level_of(const Execution& execution, const Stage& stage) {
  const Stage* top = &stage;
  while (top->synthetic()) {
    const Stage* parent = execution.find_stage(top->parent_id);
    if (parent == nullptr) break;
    top = parent;
  }
  return *top;
}

}  // namespace gennaker::model
