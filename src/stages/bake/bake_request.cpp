#include "stages/bake/bake_request.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/nearest_name.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using base::string_or;

/// What every bakery understands, or what says nothing to a provider. All else is its settings.
constexpr std::string_view neutral_fields[] = {"account",
                                               "accountName",
                                               "credentials",
                                               "cloudProvider",
                                               "cloudProviderType",
                                               "region",
                                               "regions",
                                               "namespace",
                                               "namespaces",
                                               "zones",
                                               "package",
                                               "availabilityZones",
                                               "imageName",
                                               "amiName",
                                               "amiSuffix",
                                               "version",
                                               "user",
                                               "reason",
                                               "skipRegionDetection",
                                               "status",
                                               "ami",
                                               "imageId",
                                               "bakePackageName",
                                               "artifacts",
                                               "baseOs",
                                               "baseAmi",
                                               "baseLabel",
                                               "baseName",
                                               "extendedAttributes",
                                               "rebake",
                                               "vmType",
                                               "storeType",
                                               "enhancedNetworking",
                                               "templateFileName",
                                               "varFileName",
                                               "packageArtifactIds"};

json::object settings_of(const json::object& context) {
  json::object settings;
  for (const auto& member : context) {
    const bool neutral = std::find(std::begin(neutral_fields), std::end(neutral_fields), member.key()) !=
                         std::end(neutral_fields);
    if (!neutral && !is_bookkeeping(member.key())) settings.emplace(member.key(), member.value());
  }
  return settings;
}

[[noreturn]] void refuse_field(std::string_view field, const std::string& why) {
  throw base::Error(base::Kind::invalid, fmt::format("{}: {}", field, why), {{"field", field}});
}

/// `baseAmi` names an image, `baseOs` one that is configured.
std::string base_image_of(const json::object& context, const std::vector<bakery::BaseImage>& base_images,
                          const std::string& provider) {
  const std::string direct = string_or(context, "baseAmi", "");
  if (!direct.empty()) return direct;
  const std::string wanted = string_or(context, "baseOs", "");
  if (wanted.empty()) return "";
  std::vector<std::string> known;
  for (const bakery::BaseImage& image : base_images) {
    if (image.cloud_provider != provider) continue;
    if (image.id == wanted) return image.image;
    known.push_back(image.id);
  }
  refuse_field("baseOs",
               fmt::format("'{}' is no base image of '{}' in the configuration (bakery.baseImages){}", wanted,
                           provider, clusters::suggestion(wanted, known)));
}

json::object attributes_of(const json::object& context) {
  const auto* value = base::find(context, "extendedAttributes");
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_object()) refuse_field("extendedAttributes", "an object of names and texts is needed");
  json::object attributes;
  for (const auto& member : value->get_object()) {
    if (member.value().is_structured()) {
      refuse_field(fmt::format("extendedAttributes.{}", std::string_view(member.key())), "must be a text");
    }
    attributes[member.key()] = base::plain_text(member.value());
  }
  return attributes;
}

}  // namespace

std::string name_of_bake(const json::object& context) {
  for (const std::string_view key : {"amiName", "imageName"}) {
    std::string name = string_or(context, key, "");
    if (!name.empty()) return name;
  }
  const auto packages = string_or(context, "package", "");
  return packages.substr(0, packages.find(' '));
}

clusters::BakeSpec bake_spec_of(const runner::TaskContext& context,
                                const std::vector<bakery::BaseImage>& base_images,
                                const std::string& provider) {
  const json::object& own = context.stage().context;
  const auto* version = base::find(own, "version");
  const bool has_version = version != nullptr && !version->is_null();
  return {.account = account_of(own),
          .region = locations_of(own).front(),
          .name = name_of_bake(own),
          .version = has_version ? base::plain_text(*version) : "",
          .settings = settings_of(own),
          .base_image = base_image_of(own, base_images, provider),
          .attributes = attributes_of(own),
          .rebake = base::bool_or(own, "rebake", false) ||
                    base::bool_or(context.execution().trigger, "rebake", false)};
}

bakery::BakeInputs inputs_of(const clusters::BakeSpec& spec, const std::string& provider,
                             json::object provider_inputs) {
  return {.provider = provider,
          .account = spec.account,
          .region = spec.region,
          .name = spec.name,
          .version = spec.version,
          .base_image = spec.base_image,
          .attributes = spec.attributes,
          .settings = spec.settings,
          .provider_inputs = std::move(provider_inputs)};
}

json::object build_outputs(const json::object& trigger) {
  json::object outputs;
  const auto take = [&](std::string_view name, const json::value* value) {
    if (value != nullptr && !value->is_null()) outputs[name] = *value;
  };
  take("job", base::find(trigger, "job"));
  take("buildHost", base::find(trigger, "master"));
  take("buildNumber", base::find(trigger, "buildNumber"));
  const auto* build = base::find_object(trigger, "buildInfo");
  if (build == nullptr) return outputs;
  take("buildInfoUrl", base::find(*build, "url"));
  take("buildNumber", base::find(*build, "number"));
  const auto* changes = base::find_array(*build, "scm");
  if (changes == nullptr || changes->empty() || !changes->front().is_object()) return outputs;
  take("commitHash", base::find(changes->front().get_object(), "sha1"));
  return outputs;
}

}  // namespace gennaker::stages
