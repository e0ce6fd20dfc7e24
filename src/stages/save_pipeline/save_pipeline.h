#pragma once

#include "pipelines/configurations.h"
#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `savePipeline` and `updatePipeline` stages: see README.md. `configurations` must outlive the catalogs.
void add_save_pipeline(runner::Catalogs& catalogs, pipelines::Configurations& configurations);

}  // namespace gennaker::stages
