#pragma once

#include "store/store.h"

namespace gennaker::runner {

using base::Async;

/// Joins in the execution whose stage or ending started this one, with those before it, for
/// `trigger.parentExecution`. Threads: any executor. `execution` must outlive the call.
Async<void> join_parents(store::Store& store, model::Execution& execution);
/// Does nothing unless an expression of the execution asks for them.
Async<void> join_parents_if_asked_for(store::Store& store, model::Execution& execution);

}  // namespace gennaker::runner
