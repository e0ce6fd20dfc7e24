#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `rollbackCluster` stage: see README.md.
void add_rollback_cluster(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
