#pragma once

#include <set>
#include <string>

#include "runner/catalogs.h"

namespace gennaker::stages {

/// Adds the stage that waits while one of the server's switches is on. `on`: those that are.
void add_toggleable_pause(runner::Catalogs& catalogs, std::set<std::string, std::less<>> on);

}  // namespace gennaker::stages
