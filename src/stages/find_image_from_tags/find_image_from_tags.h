#pragma once

#include "stages/infrastructure.h"

namespace gennaker::stages {

/// The `findImageFromTags` stage: see README.md.
void add_find_image_from_tags(runner::Catalogs& catalogs, const Infrastructure& infrastructure);

}  // namespace gennaker::stages
