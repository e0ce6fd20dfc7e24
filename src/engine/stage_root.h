#pragma once

#include <map>
#include <string>

#include "engine/stage.h"
#include "expressions/expressions.h"

namespace gennaker::engine {

/// What names mean in a stage's expressions: its own fields, `trigger`, `parameters`, `execution`, and the
/// outputs of the stages before it.
class StageRoot final : public expressions::Root {
 public:
  StageRoot(const model::Execution& execution, const model::Stage& stage)
      : execution_(execution), stage_(stage) {}
  const json::value* find(std::string_view name) const override;

 private:
  const json::value& keep(std::string_view name, json::object value) const;

  const model::Execution& execution_;
  const model::Stage& stage_;
  mutable std::map<std::string, json::value, std::less<>> made_;  // built when first asked for
};

}  // namespace gennaker::engine
