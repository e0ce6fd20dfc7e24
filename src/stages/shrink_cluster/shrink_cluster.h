#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `shrinkCluster` stage: see README.md.
void add_shrink_cluster(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
