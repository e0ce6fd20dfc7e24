#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `runJob` and `destroyJob` stages: see README.md.
void add_run_job(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
