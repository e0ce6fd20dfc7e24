#pragma once

#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `evaluateArtifacts` stage: see README.md.
void add_evaluate_artifacts(runner::Catalogs& catalogs);

}  // namespace gennaker::stages
