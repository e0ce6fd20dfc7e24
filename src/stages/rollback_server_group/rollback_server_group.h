#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `rollbackServerGroup` stage: see README.md.
void add_rollback_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
