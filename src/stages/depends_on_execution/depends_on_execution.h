#pragma once

#include "runner/catalogs.h"
#include "store/store.h"

namespace gennaker::stages {

/// The `dependsOnExecution` stage: see README.md. The store must outlive the catalogs.
void add_depends_on_execution(runner::Catalogs& catalogs, store::Store& store);

}  // namespace gennaker::stages
