#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `bake` stage: see README.md.
void add_bake(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
