#pragma once

#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `waitUntil` stage: see README.md.
void add_wait_until(runner::Catalogs& catalogs);

}  // namespace gennaker::stages
