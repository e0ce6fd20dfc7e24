#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "providers/health/health_check_settings.h"

namespace gennaker::providers::local {

/// `settings` of a server group: what the cluster description of a deploy stage holds for this provider.
/// Fields and defaults: schema.json, README.md.
struct GroupSettings {
  std::vector<std::string> command;  ///< argv; a text becomes /bin/sh -c text
  std::map<std::string, std::string> environment;
  std::optional<int> port;        ///< of the first instance; the next has the next
  std::string working_directory;  ///< relative to the image, or absolute; empty: the image
  HealthCheckSettings health_check;
  int memory_mb = 0, open_files = 0;
  std::int64_t log_file_bytes = 10 * 1024 * 1024;
  int log_files = 5;
  milliseconds first_restart_delay{500}, longest_restart_delay{30'000}, restart_reset_after{60'000};
  milliseconds stop_grace{10'000};
};

/// Throws base::Error `invalid`, naming the member ("settings.healthCheck.type").
GroupSettings group_settings_of(const json::object& settings);

}  // namespace gennaker::providers::local
