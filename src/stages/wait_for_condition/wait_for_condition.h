#pragma once

#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `waitForCondition` stage: see README.md.
void add_wait_for_condition(runner::Catalogs& catalogs);

}  // namespace gennaker::stages
