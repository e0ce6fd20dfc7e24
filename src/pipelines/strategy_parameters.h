#pragma once

#include "engine/stage.h"

namespace gennaker::pipelines {

/// In a run as a custom strategy, whose trigger's parameter `strategy` is true, stages are about the cluster
/// that the caller names: of those whose type asks for it, the parameters `cloudProvider`, `cluster`,
/// `credentials`, and `region` or else `zone`, take the place of the fields, `regions` or `zones` for the
/// last. What the parameters leave out stays the stage's own.
void take_strategy_parameters(model::Execution& execution, const engine::StageCatalog& catalog);

}  // namespace gennaker::pipelines
