#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The stages about single instances, `terminateInstances` and its like: see README.md.
void add_instances(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
