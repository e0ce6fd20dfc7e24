#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `findImage` stage: see README.md.
void add_find_image(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
