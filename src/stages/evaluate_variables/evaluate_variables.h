#pragma once

#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `evaluateVariables` stage: see README.md.
void add_evaluate_variables(runner::Catalogs& catalogs);

}  // namespace gennaker::stages
