#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `enableServerGroup` stage: see README.md.
void add_enable_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
