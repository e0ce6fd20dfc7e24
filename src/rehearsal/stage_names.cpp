#include "rehearsal/stage_names.h"

#include <fmt/format.h>

namespace gennaker::rehearsal {

std::string path_of(const model::Execution& execution, const model::Stage& stage) {
  if (!stage.synthetic()) return stage.name;
  const model::Stage* parent = execution.find_stage(stage.parent_id);
  return parent == nullptr ? stage.name : fmt::format("{} > {}", path_of(execution, *parent), stage.name);
}

bool is_called(const model::Execution& execution, const model::Stage& stage, std::string_view name) {
  if (stage.name == name || stage.ref_id == name) return true;
  return stage.synthetic() && name.find('>') != std::string_view::npos && path_of(execution, stage) == name;
}

const model::Stage* called_or_within(const model::Execution& execution, const model::Stage& stage,
                                     std::string_view name) {
  for (const model::Stage* at = &stage; at != nullptr; at = execution.find_stage(at->parent_id)) {
    if (is_called(execution, *at, name)) return at;
    if (!at->synthetic()) break;
  }
  return nullptr;
}

std::vector<const model::Stage*> stages_called(const model::Execution& execution, std::string_view name) {
  std::vector<const model::Stage*> exact, top, any;
  for (const model::Stage& stage : execution.stages) {
    const bool by_path = stage.synthetic() && path_of(execution, stage) == name;
    if (by_path) exact.push_back(&stage);
    if (stage.name != name) continue;
    any.push_back(&stage);
    if (!stage.synthetic()) top.push_back(&stage);
  }
  if (!exact.empty()) return exact;
  if (!top.empty()) return top;
  if (!any.empty()) return any;
  if (const model::Stage* by_ref = execution.find_by_ref(name)) return {by_ref};
  return {};
}

}  // namespace gennaker::rehearsal
