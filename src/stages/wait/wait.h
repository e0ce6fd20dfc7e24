#pragma once

#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `wait` stage: see README.md.
void add_wait(runner::Catalogs& catalogs);

}  // namespace gennaker::stages
