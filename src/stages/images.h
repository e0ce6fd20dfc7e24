#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "model/execution.h"
#include "model/infrastructure.h"

/// What stages say about images they made or found.
namespace gennaker::stages {

namespace json = boost::json;

/// An element of `amiDetails` and `deploymentDetails`.
json::object image_details(const model::Stage& stage, const model::Image& image, const std::string& provider);
/// An element of `artifacts`, type "<provider>/image".
json::object image_artifact(const model::Image& image, const std::string& provider);

/// The members that later stages and expressions read: the lists `amiDetails`, `deploymentDetails` and
/// `artifacts`, and of a single image also `ami`, `imageId` and `imageName`.
json::object image_outputs(json::array details, json::array artifacts);

/// The regions in which deploy stages behind `stage` use `account`.
std::vector<std::string> regions_of_later_deploys(const model::Execution& execution,
                                                  const model::Stage& stage, const std::string& account);

/// The stage's own regions, and those of later deploy stages unless `skipRegionDetection`.
std::vector<std::string> image_regions(const model::Execution& execution, const model::Stage& stage);

}  // namespace gennaker::stages
