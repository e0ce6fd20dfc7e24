#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <map>
#include <string>

namespace gennaker::stages {

/// A service that judges deployments.
struct DeploymentMonitor {
  std::string id, name;
  std::string base_url;       ///< without a slash at its end
  bool fail_on_error = true;  ///< a monitor that cannot be asked fails the deployment
  std::chrono::minutes analysis_limit{30};
};

using DeploymentMonitors = std::map<std::string, DeploymentMonitor>;

/// Reads the configuration's section `deploymentMonitor`. Throws base::Error `invalid` that names the key.
/// Source: docs/operations.md
DeploymentMonitors read_deployment_monitors(const boost::json::object& section);

}  // namespace gennaker::stages
