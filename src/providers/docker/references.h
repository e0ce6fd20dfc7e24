#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "clients/docker/image.h"
#include "model/infrastructure.h"

/// Names of images. Pure.
namespace gennaker::providers::docker {

namespace engine = clients::docker;

/// Throws base::Error `invalid`, naming the field, for what cannot be a reference.
engine::ImageReference reference_of(std::string_view field, const std::string& text);
/// "sha256:0123..." or the first digits of it, at least 12.
bool is_image_id(std::string_view text);
/// "registry:5000"; "docker.io" where none is named.
std::string registry_of(const std::string& reference);
/// Not an id, and not of "localhost", which stands for no registry.
bool can_be_pulled(const std::string& reference);
/// As readers see it under one of its tags; nullopt: that is none. Account and region are left empty.
std::optional<model::Image> describe_image(const engine::Image& image, const std::string& tag);

}  // namespace gennaker::providers::docker
