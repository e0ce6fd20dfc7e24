#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clients/docker/container.h"
#include "providers/health/health_check_settings.h"

namespace gennaker::providers::docker {

namespace engine = clients::docker;

inline constexpr std::string_view host_network = "host";

/// `settings` of a server group: what the cluster description of a deploy stage holds for this provider.
/// Fields and defaults: schema.json, README.md.
struct GroupSettings {
  std::vector<std::string> entrypoint, command;  ///< empty: the image's; a text becomes /bin/sh -c text
  std::map<std::string, std::string> environment;
  std::string network = "bridge";   ///< "host", "bridge" or a network's name
  int container_port = 8080;        ///< where it listens, unless it has the host's network
  std::optional<int> port;          ///< on the host, of the first instance; the next has the next
  std::vector<engine::Port> ports;  ///< published besides
  int memory_mb = 0, cpu_millis = 0;
  int open_files = 0, processes = 4096;
  std::string user, working_directory;
  std::vector<engine::Mount> mounts;
  HealthCheckSettings health_check;
  milliseconds stop_grace{10'000};
  milliseconds first_restart_delay{500}, longest_restart_delay{30'000}, restart_reset_after{60'000};
  std::map<std::string, std::string> labels;

  bool on_host_network() const { return network == host_network; }
};

/// Of the member `healthCheck`. Throws as group_settings_of().
HealthCheckSettings health_check_in(const boost::json::object& settings);

/// Throws base::Error `invalid`, naming the member ("settings.healthCheck.type").
GroupSettings group_settings_of(const boost::json::object& settings);

}  // namespace gennaker::providers::docker
