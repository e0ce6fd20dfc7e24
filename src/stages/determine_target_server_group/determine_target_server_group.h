#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `determineTargetServerGroup` stage, which target stages bring along: see README.md.
void add_determine_target_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
