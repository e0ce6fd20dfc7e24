#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `upsertImageTags` stage: see README.md.
void add_upsert_image_tags(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
