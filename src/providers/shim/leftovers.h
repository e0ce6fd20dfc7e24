#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace gennaker::providers {

/// The processes whose environment names `instance_directory` (process_spec.h, instance_variable), and the
/// children of `parent` (0: of nobody): what a command left behind, however it was started. Never the caller.
std::vector<pid_t> find_leftovers(const std::string& instance_directory, pid_t parent = 0);

/// Kills those, until none is left. Blocks for some milliseconds at most; false if some would not go in 2 s.
bool kill_leftovers(const std::string& instance_directory, pid_t parent = 0);

}  // namespace gennaker::providers
