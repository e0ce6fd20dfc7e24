#pragma once

#include "store/store.h"

namespace gennaker::runner {

using base::Async;

/// Joins in the execution whose stage or ending started this one, with those before it, if an expression asks
/// for `trigger.parentExecution`. Threads: any executor. `execution` must outlive the call.
Async<void> join_parents(store::Store& store, model::Execution& execution);

}  // namespace gennaker::runner
