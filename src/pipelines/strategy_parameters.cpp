#include "pipelines/strategy_parameters.h"

#include "base/json.h"

namespace gennaker::pipelines {
namespace {

namespace json = boost::json;

void take(json::object& fields, const json::object& parameters) {
  for (const std::string_view field : {"cloudProvider", "cluster", "credentials"}) {
    const auto* given = parameters.if_contains(field);
    if (given != nullptr && !given->is_null()) fields[field] = *given;
  }
  const auto* region = parameters.if_contains("region");
  const auto* zone = parameters.if_contains("zone");
  const bool by_region = region != nullptr && !region->is_null();
  if (!by_region && (zone == nullptr || zone->is_null())) return;
  // Under whatever name the stage had its own.
  for (const std::string_view field : {"region", "regions", "namespace", "namespaces", "zones"})
    fields.erase(field);
  fields[by_region ? "regions" : "zones"] = json::array{by_region ? *region : *zone};
}

}  // namespace

void take_strategy_parameters(model::Execution& execution, const engine::StageCatalog& catalog) {
  const auto* parameters = base::find_object(execution.trigger, "parameters");
  if (parameters == nullptr || !base::bool_or(*parameters, "strategy", false)) return;
  for (model::Stage& stage : execution.stages) {
    const engine::Stage* type = catalog.type_of(stage);
    if (type != nullptr && type->takes_strategy_parameters()) take(stage.context, *parameters);
  }
}

}  // namespace gennaker::pipelines
