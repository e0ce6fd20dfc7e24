#pragma once

#include <boost/json/object.hpp>
#include <string>

/// Tags of images, which are no part of their content: beside the images, in a file for each that has any.
/// Everything here blocks: call it on a pool.
namespace gennaker::providers::local {

namespace json = boost::json;

/// `images`: the directory of the account's images. Empty: it has none.
json::object load_image_tags(const std::string& images, const std::string& image_id);
void save_image_tags(const std::string& images, const std::string& image_id, const json::object& tags);
/// The image with its tags. What a crash leaves of it load_images removes; one that is not there is fine.
void remove_image(const std::string& images, const std::string& image_id);

}  // namespace gennaker::providers::local
