#pragma once

#include <optional>
#include <string>
#include <vector>

#include "clusters/operations.h"
#include "runner/task.h"
#include "stages/infrastructure.h"

namespace gennaker::stages {

/// Takes the lock of a cluster, to be held until the outermost stage that is about this cluster in this
/// region alone has ended: a deployment keeps it for all of its strategy. nullopt: it is held. Else what the
/// task answers: it waits, and says for whom. Throws as clusters::ClusterLocks.
base::Async<std::optional<runner::TaskResult>> wait_for_lock(const Infrastructure& infrastructure,
                                                             runner::TaskContext context,
                                                             clusters::Place place);

/// As `wait_for_lock`, of the cluster that a server group's name tells.
base::Async<std::optional<runner::TaskResult>> wait_for_lock_of(const Infrastructure& infrastructure,
                                                                runner::TaskContext context,
                                                                clusters::ServerGroupRef group);

/// The locks of several clusters, in one order whoever asks, so that two do not wait for each other.
base::Async<std::optional<runner::TaskResult>> wait_for_locks(const Infrastructure& infrastructure,
                                                              runner::TaskContext context,
                                                              std::vector<clusters::Place> places);

/// The cluster that a server group's name tells; a name that is none of ours stands for itself.
clusters::Place place_of(const clusters::ServerGroupRef& group);

}  // namespace gennaker::stages
