#pragma once

#include "runner/catalogs.h"
#include "store/store.h"

namespace gennaker::stages {

/// The `monitorPipeline` stage: see README.md. The store must outlive the catalogs.
void add_monitor_pipeline(runner::Catalogs& catalogs, store::Store& store);

}  // namespace gennaker::stages
