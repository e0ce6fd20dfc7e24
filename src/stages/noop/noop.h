#pragma once

#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `noop` stage: see README.md.
void add_noop(runner::Catalogs& catalogs);

}  // namespace gennaker::stages
