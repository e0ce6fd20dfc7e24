#pragma once

#include "net/client.h"
#include "runner/catalogs.h"
#include "stages/deployment_monitor/options.h"

namespace gennaker::stages {

/// The stages `checkDeploymentMonitor`, `notifyDeployStarting`, `evaluateDeploymentHealth` and
/// `notifyDeployCompleted`, which the strategy `monitored` brings along: see README.md. `client` must outlive
/// the catalogs.
void add_deployment_monitor(runner::Catalogs& catalogs, net::HttpClient& client, DeploymentMonitors monitors);

}  // namespace gennaker::stages
