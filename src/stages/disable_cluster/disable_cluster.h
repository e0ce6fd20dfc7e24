#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `disableCluster` stage: see README.md.
void add_disable_cluster(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
