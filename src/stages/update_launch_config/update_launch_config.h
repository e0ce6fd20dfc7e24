#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `updateLaunchConfig` stage: see README.md.
void add_update_launch_config(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
