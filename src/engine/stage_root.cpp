#include "engine/stage_root.h"

#include "base/json.h"
#include "model/execution_json.h"

namespace gennaker::engine {

const json::value* StageRoot::find(std::string_view name) const {
  if (const auto made = made_.find(name); made != made_.end()) return &made->second;
  if (name == "trigger") return &keep(name, execution_.trigger);
  if (name == "execution") return &keep(name, model::to_json(execution_));
  if (name == "parameters") {
    const auto* parameters = base::find_object(execution_.trigger, "parameters");
    return &keep(name, parameters ? *parameters : json::object{});
  }
  if (const auto* own = stage_.context.if_contains(name)) return own;
  for (const model::Stage* ancestor : ancestors(execution_, stage_)) {
    if (const auto* output = ancestor->outputs.if_contains(name)) return output;
  }
  return nullptr;
}

const json::value& StageRoot::keep(std::string_view name, json::object value) const {
  return made_.emplace(name, std::move(value)).first->second;
}

}  // namespace gennaker::engine
