#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `disableServerGroup` stage: see README.md.
void add_disable_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
