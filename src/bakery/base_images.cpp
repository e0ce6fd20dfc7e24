#include "bakery/base_images.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::bakery {
namespace {

[[noreturn]] void refuse(const std::string& field, const std::string& why) {
  throw base::Error(base::Kind::invalid, fmt::format("{}: {}", field, why), {{"field", field}});
}

void refuse_unknown(const json::object& object, const std::string& name,
                    std::initializer_list<std::string_view> known) {
  for (const auto& member : object) {
    if (std::find(known.begin(), known.end(), member.key()) != known.end()) continue;
    refuse(fmt::format("{}.{}", name, std::string_view(member.key())),
           fmt::format("is unknown; known here: {}", fmt::join(known, ", ")));
  }
}

std::string text_of(const json::object& object, const std::string& name, std::string_view key) {
  const auto* value = base::find(object, key);
  if (value == nullptr || value->is_null()) return "";
  if (!value->is_string()) refuse(fmt::format("{}.{}", name, key), "must be a text");
  return std::string(value->get_string());
}

std::string needed_text(const json::object& object, const std::string& name, std::string_view key) {
  std::string text = text_of(object, name, key);
  if (text.empty()) refuse(fmt::format("{}.{}", name, key), "is needed");
  return text;
}

BaseImage base_image_of(const json::value& value, const std::string& name) {
  const auto* object = value.if_object();
  if (object == nullptr) refuse(name, "must be a mapping with id, cloudProvider and image");
  refuse_unknown(*object, name, {"id", "cloudProvider", "shortDescription", "detailedDescription", "image"});
  return {.id = needed_text(*object, name, "id"),
          .cloud_provider = needed_text(*object, name, "cloudProvider"),
          .short_description = text_of(*object, name, "shortDescription"),
          .detailed_description = text_of(*object, name, "detailedDescription"),
          .image = needed_text(*object, name, "image")};
}

}  // namespace

std::vector<BaseImage> read_base_images(const json::object& section,
                                        const std::vector<std::string>& providers) {
  refuse_unknown(section, "bakery", {"baseImages"});
  const auto* given = base::find(section, "baseImages");
  if (given == nullptr || given->is_null()) return {};
  if (!given->is_array()) refuse("bakery.baseImages", "must be a list");
  std::vector<BaseImage> images;
  for (const auto& value : given->get_array()) {
    const std::string name = fmt::format("bakery.baseImages[{}]", images.size());
    BaseImage image = base_image_of(value, name);
    if (std::find(providers.begin(), providers.end(), image.cloud_provider) == providers.end()) {
      refuse(name + ".cloudProvider",
             fmt::format("'{}' is none of {}", image.cloud_provider, fmt::join(providers, ", ")));
    }
    for (const BaseImage& other : images) {
      if (other.id == image.id && other.cloud_provider == image.cloud_provider)
        refuse(name + ".id", fmt::format("'{}' is there twice for '{}'", image.id, image.cloud_provider));
    }
    images.push_back(std::move(image));
  }
  return images;
}

}  // namespace gennaker::bakery
