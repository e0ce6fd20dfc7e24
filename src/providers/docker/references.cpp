#include "providers/docker/references.h"

#include <algorithm>

#include "base/error.h"
#include "providers/docker/labels.h"
#include "providers/settings/fields.h"

namespace gennaker::providers::docker {
namespace {

const std::string central_registry = "docker.io";
const std::string local_registry = "localhost";
constexpr std::size_t short_id = 12;

std::string label(const engine::Image& image, std::string_view name) {
  const auto found = image.labels.find(std::string(name));
  return found == image.labels.end() ? "" : found->second;
}

}  // namespace

engine::ImageReference reference_of(std::string_view field, const std::string& text) {
  std::string why;
  try {
    return engine::parse_reference(text);
  } catch (const base::Error& error) {
    why = error.what();
  }
  refuse(field, why);
}

bool is_image_id(std::string_view text) {
  if (text.starts_with("sha256:")) text.remove_prefix(7);
  return text.size() >= short_id && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string registry_of(const std::string& reference) {
  const auto slash = reference.find('/');
  if (slash == std::string::npos) return central_registry;
  const std::string first = reference.substr(0, slash);
  const bool host =
      first.find('.') != std::string::npos || first.find(':') != std::string::npos || first == local_registry;
  return host ? first : central_registry;
}

bool can_be_pulled(const std::string& reference) {
  return !is_image_id(reference) && registry_of(reference) != local_registry;
}

std::optional<model::Image> describe_image(const engine::Image& image, const std::string& tag) {
  if (tag.find('@') != std::string::npos || tag.starts_with("<none>")) return std::nullopt;
  const engine::ImageReference reference = engine::parse_reference(tag);
  model::Image described{.id = image.id,
                         .name = reference.repository,
                         .version = reference.tag,
                         .created_time = image.created.value_or(base::TimePoint{})};
  if (!label(image, baked_content_label).empty() && registry_of(tag) == local_registry) {
    // Ours: its tag holds a digest of what it was made of, and is the same on all hosts; its id is not.
    described.id = tag;
    described.name = label(image, baked_name_label);
    described.version = label(image, baked_version_label);
    return described;
  }
  if (registry_of(tag) == local_registry) return described;
  // Where a registry has it, its digest there is good for every host.
  for (const std::string& digest : image.digests) {
    if (digest.starts_with(reference.repository + "@")) described.id = digest;
  }
  return described;
}

}  // namespace gennaker::providers::docker
