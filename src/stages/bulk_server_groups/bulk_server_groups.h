#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `bulkDestroyServerGroup` and `bulkDisableServerGroup` stages: see README.md.
void add_bulk_server_groups(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
