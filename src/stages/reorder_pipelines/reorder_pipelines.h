#pragma once

#include "pipelines/configurations.h"
#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `reorderPipelines` stage: see README.md. `configurations` must outlive the catalogs.
void add_reorder_pipelines(runner::Catalogs& catalogs, pipelines::Configurations& configurations);

}  // namespace gennaker::stages
