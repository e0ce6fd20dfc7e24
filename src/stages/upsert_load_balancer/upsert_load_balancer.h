#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `upsertLoadBalancer` stage: see README.md.
void add_upsert_load_balancer(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
