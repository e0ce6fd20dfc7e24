#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `cloneServerGroup` stage: see README.md. Its tasks need those of createServerGroup.
void add_clone_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
