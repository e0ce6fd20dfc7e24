#pragma once

#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `manualJudgment` stage: see README.md.
void add_manual_judgment(runner::Catalogs& catalogs);

}  // namespace gennaker::stages
