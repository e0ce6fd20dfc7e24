#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `pinServerGroup` stage, and those that capture a capacity and give it back: see README.md.
void add_pin_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
