#pragma once

#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `deploy` stage: see README.md. Its children are createServerGroup stages.
void add_deploy(runner::Catalogs& catalogs);

}  // namespace gennaker::stages
