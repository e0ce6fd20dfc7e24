#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `rollingPush` stage: see README.md.
void add_rolling_push(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
