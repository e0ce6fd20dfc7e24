#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `scaleDownCluster` stage: see README.md.
void add_scale_down_cluster(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
