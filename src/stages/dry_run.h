#pragma once

#include "runner/catalogs.h"

namespace gennaker::stages {

/// What runs in the place of other stages' tasks in a dry run (`trigger.dryRun`): nothing happens, and it
/// succeeds.
void add_dry_run(runner::Catalogs& catalogs);

}  // namespace gennaker::stages
