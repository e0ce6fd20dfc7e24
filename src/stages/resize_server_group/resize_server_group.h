#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `resizeServerGroup` stage: see README.md.
void add_resize_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
