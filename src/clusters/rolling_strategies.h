#pragma once

#include "clusters/strategies.h"

/// Strategies in which the new server group takes over by and by: together with the old one it serves at
/// least as much as that did before. Pure.
namespace gennaker::clusters {

std::vector<Step> after_rolling(const Strategy& strategy, const Deployment& deployment);
std::vector<Step> after_monitored(const Strategy& strategy, const Deployment& deployment);
/// Tells the monitor how a deployment ended that failed; nothing for other strategies.
void add_monitored_failure(const Strategy& strategy, const Deployment& deployment, std::vector<Step>& steps);

}  // namespace gennaker::clusters
