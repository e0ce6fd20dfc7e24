#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The stages that do nothing but wait for a server group: see README.md.
void add_wait_for_server_group(runner::Catalogs& catalogs);

}  // namespace gennaker::stages
