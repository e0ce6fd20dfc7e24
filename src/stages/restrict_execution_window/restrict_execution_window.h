#pragma once

#include <string>

#include "base/random.h"
#include "runner/catalogs.h"

namespace gennaker::stages {

/// The `restrictExecutionDuringTimeWindow` stage: see README.md. `time_zone` is a name of the tz database;
/// throws base::Error `invalid` if it is none. `random` must outlive the catalogs.
void add_restrict_execution_window(runner::Catalogs& catalogs, std::string time_zone, base::Random& random);

}  // namespace gennaker::stages
