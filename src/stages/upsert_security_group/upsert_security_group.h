#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `upsertSecurityGroup` and `deleteSecurityGroup` stages: see README.md.
void add_upsert_security_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
