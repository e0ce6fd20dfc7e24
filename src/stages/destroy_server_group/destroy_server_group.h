#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `destroyServerGroup` stage: see README.md.
void add_destroy_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
