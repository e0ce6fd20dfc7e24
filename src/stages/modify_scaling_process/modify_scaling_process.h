#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `modifyScalingProcess` stage: see README.md.
void add_modify_scaling_process(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
