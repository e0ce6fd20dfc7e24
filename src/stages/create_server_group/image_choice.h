#pragma once

#include <string>
#include <string_view>

#include "engine/stage.h"

namespace gennaker::stages {

struct ImageChoice {
  std::string image;    ///< id, else name
  std::string problem;  ///< why there is none
};

/// The image that the stages before `stage` provide for a region: the nearest whose output `amiDetails` has
/// an entry for it (or for "global", or for no region at all), then the same with `deploymentDetails`, then
/// an output artifact of a type "<provider>/image", then such an artifact of the trigger, which holds what a
/// parent pipeline has made. Pure.
ImageChoice choose_image(const model::Execution& execution, const model::Stage& stage,
                         std::string_view region);

}  // namespace gennaker::stages
