#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

/// The images that others are made from, as the configuration names them.
namespace gennaker::bakery {

namespace json = boost::json;

struct BaseImage {
  std::string id;  ///< what a stage says in `baseOs`
  std::string cloud_provider;
  std::string short_description;
  std::string detailed_description;
  std::string image;  ///< in the cloud's words
};

/// Of the configuration's section `bakery`: {baseImages: [{id, cloudProvider, shortDescription?,
/// detailedDescription?, image}]}. `providers`: the clouds that there are.
/// Throws base::Error `invalid`, naming the member.
std::vector<BaseImage> read_base_images(const json::object& section,
                                        const std::vector<std::string>& providers);

}  // namespace gennaker::bakery
