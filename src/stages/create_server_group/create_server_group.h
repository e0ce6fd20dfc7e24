#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `createServerGroup` stage, which `deploy` brings along for each of its clusters: see README.md.
void add_create_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
