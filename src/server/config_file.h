#pragma once

#include <filesystem>

#include "server/options.h"

namespace gennaker::server {

/// Reads a YAML file over `options`: what the file does not name stays. Unknown keys are refused.
/// Throws base::Error `invalid` that names file, line and key. Source: docs/operations.md
void read_config_file(const std::filesystem::path& file, Options& options);

}  // namespace gennaker::server
