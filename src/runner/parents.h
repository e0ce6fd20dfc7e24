#pragma once

#include <memory>
#include <string>

#include "store/store.h"

namespace gennaker::runner {

using base::Async;

bool has_parent(const model::Execution& execution);

/// The execution whose stage or ending started this one, with those before it, if an expression asks for
/// `trigger.parentExecution`; else nullptr. Threads: any executor.
Async<std::shared_ptr<const model::Execution>> parents_of(store::Store& store,
                                                          std::shared_ptr<const model::Execution> execution);

}  // namespace gennaker::runner
