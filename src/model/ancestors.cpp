#include "model/ancestors.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace gennaker::model {
namespace {

/// Walks from a stage towards the start. A stage with requisites sees them, then their synthetic children,
/// then what lies before each; one without sees its parent, an after-stage first its parent's before-stages.
class Walk {
 public:
  explicit Walk(const Execution& execution) : execution_(execution) {}

  void visit(const Stage& stage) {
    if (!visited_.insert(stage.ref_id).second) return;
    found_.push_back(&stage);
    if (!stage.requisites.empty()) {
      visit_requisites(stage);
    } else if (stage.owner) {
      visit_parent(stage);
    }
  }

  std::vector<const Stage*> take() { return std::move(found_); }

 private:
  void visit_requisites(const Stage& stage) {
    std::vector<const Stage*> previous;
    for (const Stage& other : execution_.stages) {
      const bool required =
          std::find(stage.requisites.begin(), stage.requisites.end(), other.ref_id) != stage.requisites.end();
      if (required) previous.push_back(&other);
    }
    for (const Stage* required : previous) add(*required);
    for (const Stage& other : execution_.stages) {
      const bool child = std::any_of(previous.begin(), previous.end(),
                                     [&](const Stage* required) { return required->id == other.parent_id; });
      if (child) add(other);
    }
    for (const Stage* required : previous) continue_from(*required);
  }

  void visit_parent(const Stage& stage) {
    const Stage* parent = execution_.find_stage(stage.parent_id);
    if (parent == nullptr) return;
    if (*stage.owner == Owner::after) {
      for (const Stage& other : execution_.stages) {
        if (other.parent_id == parent->id && other.owner == Owner::before) add(other);
      }
    }
    visit(*parent);
  }

  void add(const Stage& stage) {
    if (visited_.insert(stage.ref_id).second) found_.push_back(&stage);
  }

  /// Goes on from a stage that is already in the list.
  void continue_from(const Stage& stage) {
    if (!expanded_.insert(stage.ref_id).second) return;
    if (!stage.requisites.empty()) {
      visit_requisites(stage);
    } else if (stage.owner) {
      visit_parent(stage);
    }
  }

  const Execution& execution_;
  std::set<std::string_view> visited_, expanded_;
  std::vector<const Stage*> found_;
};

}  // namespace

std::vector<const Stage*> ancestors(const Execution& execution, const Stage& stage) {
  Walk walk(execution);
  walk.visit(stage);
  return walk.take();
}

}  // namespace gennaker::model
