#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `deleteImage` stage: see README.md.
void add_delete_image(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
