#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "bakery/bake_key.h"
#include "bakery/base_images.h"
#include "clusters/operations.h"
#include "runner/task.h"

/// What a bake stage asks for.
namespace gennaker::stages {

namespace json = boost::json;

/// `amiName`, `imageName`, or the first word of `package`; empty: there is none.
std::string name_of_bake(const json::object& context);

/// As the stage's fields, and the trigger's `rebake`, have it. Throws base::Error `invalid`, naming the
/// field.
clusters::BakeSpec bake_spec_of(const runner::TaskContext& context,
                                const std::vector<bakery::BaseImage>& base_images,
                                const std::string& provider);

bakery::BakeInputs inputs_of(const clusters::BakeSpec& spec, const std::string& provider,
                             json::object provider_inputs);

/// The build that the trigger tells of: `buildInfoUrl`, `buildHost`, `job`, `buildNumber`, `commitHash`, as
/// far as it does.
json::object build_outputs(const json::object& trigger);

}  // namespace gennaker::stages
