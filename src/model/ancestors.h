#pragma once

#include <vector>

#include "model/execution.h"

namespace gennaker::model {

/// The stages whose outputs a stage sees, nearest first, itself included.
/// Source: docs/concepts.md, "What a stage sees".
std::vector<const Stage*> ancestors(const Execution& execution, const Stage& stage);

/// The stage of the pipeline that brought this one along, itself if nobody did.
const Stage& top_level_of(const Execution& execution, const Stage& stage);

}  // namespace gennaker::model
