#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// Stage and task `removeWhenCancelled`, a deployment's own: beside its steps it sees to it that a server
/// group of another cluster that they made (a baseline, a canary) goes when the execution is cancelled.
void add_remove_when_cancelled(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
