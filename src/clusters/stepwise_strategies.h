#pragma once

#include "clusters/strategies.h"

/// Strategies whose deployment makes no server group itself: all of it is their steps. Pure.
namespace gennaker::clusters {

/// The old server group gets the new image, and its instances are started anew, some at a time.
std::vector<Step> after_rolling_push(const Strategy& strategy, const Deployment& deployment);
std::vector<Step> undo_rolling_push(const Strategy& strategy, const Deployment& deployment);

/// A pipeline of the user's deploys.
std::vector<Step> after_custom(const Strategy& strategy, const Deployment& deployment);

/// Beside what serves: as many instances of what runs now (the baseline) and of what is to run (the canary),
/// to be compared for a while, then taken away.
std::vector<Step> after_canary(const Strategy& strategy, const Deployment& deployment);
std::vector<Step> undo_canary(const Deployment& deployment);

}  // namespace gennaker::clusters
