#pragma once

#include "pipelines/configurations.h"
#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `deletePipeline` stage: see README.md. `configurations` must outlive the catalogs.
void add_delete_pipeline(runner::Catalogs& catalogs, pipelines::Configurations& configurations);

}  // namespace gennaker::stages
