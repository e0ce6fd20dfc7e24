#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `upsertServerGroupTags` stage: see README.md.
void add_upsert_server_group_tags(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
