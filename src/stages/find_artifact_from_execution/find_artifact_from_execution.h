#pragma once

#include "runner/catalogs.h"
#include "store/store.h"

namespace gennaker::stages {

/// The `findArtifactFromExecution` stage: see README.md. `store` must outlive the catalogs.
void add_find_artifact_from_execution(runner::Catalogs& catalogs, store::Store& store);

}  // namespace gennaker::stages
