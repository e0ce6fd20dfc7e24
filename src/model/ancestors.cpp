#include "model/ancestors.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace gennaker::model {
namespace {

/// Walks from a stage towards the start. A stage with requisites sees them, then their synthetic children,
/// then what lies before each; one without sees its parent, an after-stage first its parent's before-stages.
/// With a stack of its own: thousands of stages may stand in a row.
class Walk {
 public:
  explicit Walk(const Execution& execution) {
    by_id_.reserve(execution.stages.size());
    by_ref_.reserve(execution.stages.size());
    for (const Stage& stage : execution.stages) {
      by_id_.emplace(stage.id, &stage);
      by_ref_.emplace(stage.ref_id, &stage);
      if (stage.owner) children_[stage.parent_id].push_back(&stage);
    }
  }

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
    std::vector<const Stage*> required;
    for (const std::string& ref_id : stage.requisites) {
      const auto found = by_ref_.find(ref_id);
      if (found != by_ref_.end()) required.push_back(found->second);
    }
    std::sort(required.begin(), required.end());  // they lie in one vector: the execution's order
    for (const Stage* one : required) add(*one);
    std::vector<const Stage*> children;
    for (const Stage* one : required) {
      const auto found = children_.find(one->id);
      if (found != children_.end())
        children.insert(children.end(), found->second.begin(), found->second.end());
    }
    std::sort(children.begin(), children.end());
    for (const Stage* child : children) add(*child);
    // The first is to be looked at first, with all that lies before it.
    open_.insert(open_.end(), required.rbegin(), required.rend());
  }

  void look_at_parent(const Stage& stage) {
    const auto parent = by_id_.find(stage.parent_id);
    if (parent == by_id_.end()) return;
    if (*stage.owner == Owner::after) {
      for (const Stage* sibling : children_[stage.parent_id]) {
        if (sibling->owner == Owner::before) add(*sibling);
      }
    }
    if (add(*parent->second)) open_.push_back(parent->second);
  }

  bool add(const Stage& stage) {
    if (!visited_.insert(&stage).second) return false;
    found_.push_back(&stage);
    return true;
  }

  std::unordered_map<std::string_view, const Stage*> by_id_, by_ref_;
  std::unordered_map<std::string_view, std::vector<const Stage*>> children_;
  std::unordered_set<const Stage*> visited_, expanded_;
  std::vector<const Stage*> open_, found_;
};

}  // namespace

std::vector<const Stage*> ancestors(const Execution& execution, const Stage& stage) {
  return Walk(execution).from(stage);
}

}  // namespace gennaker::model
