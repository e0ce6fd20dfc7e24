#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `deleteLoadBalancer` stage: see README.md.
void add_delete_load_balancer(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
