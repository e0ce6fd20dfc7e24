#pragma once

#include <string>

#include "providers/local/settings.h"

/// Where what an image runs is found. `image`: the directory of its files.
namespace gennaker::providers::local {

/// The program of the image where it has one of that name; else as it is, for PATH.
std::string resolve_program(const std::string& program, const std::string& image);
std::string resolve_directory(const std::string& directory, const std::string& image);

/// What can be known about the settings by looking at the image. Blocks. Throws base::Error `invalid`, naming
/// the field.
void check_against_image(const GroupSettings& settings, const std::string& image_id,
                         const std::string& image);

}  // namespace gennaker::providers::local
