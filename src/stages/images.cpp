#include "stages/images.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using model::Execution;
using model::Stage;

bool requires_stage(const Execution& execution, const Stage& later, const std::string& ref_id) {
  std::vector<const Stage*> open{&later};
  std::vector<std::string> seen;
  while (!open.empty()) {
    const Stage* next = open.back();
    open.pop_back();
    for (const std::string& required : next->requisites) {
      if (required == ref_id) return true;
      if (std::find(seen.begin(), seen.end(), required) != seen.end()) continue;
      seen.push_back(required);
      if (const Stage* stage = execution.find_by_ref(required)) open.push_back(stage);
    }
  }
  return false;
}

void add_once(std::vector<std::string>& list, const std::vector<std::string>& more) {
  for (const std::string& one : more) {
    if (std::find(list.begin(), list.end(), one) == list.end()) list.push_back(one);
  }
}

void add_regions(std::vector<std::string>& regions, const json::object& description,
                 const std::string& account) {
  if (account_of(description) == account) add_once(regions, locations_of(description));
}

}  // namespace

json::object image_details(const Stage& stage, const model::Image& image, const std::string& provider) {
  return {{"ami", image.id},          {"imageId", image.id},    {"imageName", image.name},
          {"amiName", image.name},    {"region", image.region}, {"cloudProvider", provider},
          {"version", image.version}, {"refId", stage.ref_id}};
}

json::object image_artifact(const model::Image& image, const std::string& provider) {
  return {{"type", fmt::format("{}/image", provider)},
          {"name", image.name},
          {"location", image.region},
          {"reference", image.id},
          {"version", image.version},
          {"uuid", image.id}};
}

json::object image_outputs(json::array details, json::array artifacts) {
  json::object outputs;
  if (details.size() == 1) {
    for (const std::string_view key : {"ami", "imageId", "imageName"}) {
      outputs[key] = details.front().at(key);
    }
  }
  outputs["deploymentDetails"] = details;
  outputs["amiDetails"] = std::move(details);
  outputs["artifacts"] = std::move(artifacts);
  return outputs;
}

std::vector<std::string> regions_of_later_deploys(const Execution& execution, const Stage& stage,
                                                  const std::string& account) {
  std::vector<std::string> regions;
  for (const Stage& later : execution.stages) {
    if (later.synthetic() || later.type != "deploy" || !requires_stage(execution, later, stage.ref_id))
      continue;
    if (const auto* list = base::find_array(later.context, "clusters")) {
      for (const auto& entry : *list) {
        if (const auto* description = entry.if_object()) add_regions(regions, *description, account);
      }
    } else if (const auto* one = base::find_object(later.context, "cluster")) {
      add_regions(regions, *one, account);
    } else {
      add_regions(regions, later.context, account);
    }
  }
  return regions;
}

std::vector<std::string> image_regions(const Execution& execution, const Stage& stage) {
  std::vector<std::string> regions = locations_of(stage.context);
  if (!base::bool_or(stage.context, "skipRegionDetection", false)) {
    add_once(regions, regions_of_later_deploys(execution, stage, account_of(stage.context)));
  }
  return regions;
}

}  // namespace gennaker::stages
