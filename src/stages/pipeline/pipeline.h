#pragma once

#include "pipelines/configurations.h"
#include "pipelines/starter.h"
#include "runner/catalogs.h"

namespace gennaker::stages {

struct PipelineStageParts {
  pipelines::Configurations& configurations;
  pipelines::Starter& starter;
  runner::Runner& runner;
  store::Store& store;
};

/// The `pipeline` stage: see README.md. The parts must outlive the catalogs.
void add_pipeline(runner::Catalogs& catalogs, PipelineStageParts parts);

}  // namespace gennaker::stages
