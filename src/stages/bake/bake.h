#pragma once

#include <vector>

#include "bakery/bakes.h"
#include "bakery/base_images.h"
#include "stages/infrastructure.h"

namespace gennaker::stages {

/// What the `bake` stage needs besides. The catalogs that get it must not outlive it.
struct BakeParts {
  const bakery::Bakes& bakes;
  std::vector<bakery::BaseImage> base_images = {};
};

/// The `bake` stage: see README.md.
void add_bake(runner::Catalogs& catalogs, const Infrastructure& infrastructure, const BakeParts& parts);

}  // namespace gennaker::stages
