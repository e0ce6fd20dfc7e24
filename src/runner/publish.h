#pragma once

#include "engine/engine.h"
#include "store/store.h"

namespace gennaker::runner {

/// Adds the rows and the feed entry for what one event changed. Nothing if nothing did.
void add_changes(store::Changes& changes, const model::Execution& execution, const engine::Outcome& outcome,
                 base::TimePoint now);

/// Everything of a new execution.
void add_all(store::Changes& changes, const model::Execution& execution, base::TimePoint now);

}  // namespace gennaker::runner
