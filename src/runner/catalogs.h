#pragma once

#include "engine/stage.h"
#include "runner/task.h"

namespace gennaker::runner {

/// What a stage's folder adds itself to.
struct Catalogs {
  engine::StageCatalog& stages;
  TaskCatalog& tasks;
};

}  // namespace gennaker::runner
