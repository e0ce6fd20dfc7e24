#include "stages/create_server_group/image_choice.h"

#include <fmt/format.h>

#include "base/json.h"
#include "clusters/inventory.h"

namespace gennaker::stages {
namespace {

namespace json = boost::json;

bool fits(const json::object& entry, std::string_view region) {
  const std::string given = base::string_or(entry, "region", base::string_or(entry, "zone", ""));
  return given.empty() || given == "global" || clusters::same_name(given, region);
}

std::string id_in(const json::object& entry) {
  for (const std::string_view key : {"imageId", "ami", "imageName", "amiName", "reference"}) {
    const std::string found = base::string_or(entry, key, "");
    if (!found.empty()) return found;
  }
  return "";
}

std::string from_details(const json::object& outputs, std::string_view list, std::string_view region) {
  const auto* details = base::find_array(outputs, list);
  if (details == nullptr) return "";
  for (const auto& value : *details) {
    const auto* entry = value.if_object();
    if (entry == nullptr || !fits(*entry, region)) continue;
    if (std::string id = id_in(*entry); !id.empty()) return id;
  }
  return "";
}

std::string from_artifacts(const json::object& outputs, std::string_view region) {
  const auto* artifacts = base::find_array(outputs, "artifacts");
  if (artifacts == nullptr) return "";
  for (const auto& value : *artifacts) {
    const auto* artifact = value.if_object();
    if (artifact == nullptr || !base::string_or(*artifact, "type", "").ends_with("/image")) continue;
    const std::string location = base::string_or(*artifact, "location", "");
    if (!location.empty() && location != "global" && !clusters::same_name(location, region)) continue;
    if (std::string id = base::string_or(*artifact, "reference", ""); !id.empty()) return id;
  }
  return "";
}

}  // namespace

ImageChoice choose_image(const model::Execution& execution, const model::Stage& stage,
                         std::string_view region) {
  const auto before = engine::ancestors(execution, stage);
  for (const model::Stage* ancestor : before) {
    if (ancestor == &stage) continue;
    for (auto& found :
         {from_details(ancestor->outputs, "amiDetails", region), from_artifacts(ancestor->outputs, region)}) {
      if (!found.empty()) return {found, ""};
    }
  }
  for (const model::Stage* ancestor : before) {
    const std::string found = from_details(ancestor->outputs, "deploymentDetails", region);
    if (!found.empty()) return {found, ""};
  }
  // A pipeline that another one started receives what that one has made.
  if (const std::string received = from_artifacts(execution.trigger, region); !received.empty())
    return {received, ""};
  return {"",
          fmt::format("imageId: no image found for region '{}'; give one, or put a bake or findImage stage "
                      "for that region before this one",
                      region)};
}

}  // namespace gennaker::stages
