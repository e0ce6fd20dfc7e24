#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `restoreServerGroups` stage, which a failed deployment brings along: see README.md.
void add_restore_server_groups(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
