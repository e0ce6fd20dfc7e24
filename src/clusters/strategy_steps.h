#pragma once

#include "clusters/strategies.h"

/// What strategies are made of: single steps, ready to run. Pure.
namespace gennaker::clusters {

inline constexpr std::chrono::milliseconds rollback_limit = std::chrono::minutes(30);
inline constexpr std::chrono::milliseconds clean_up_limit = std::chrono::minutes(5);

/// Of a step about the whole cluster in the deployment's region.
json::object cluster_context(const Deployment& deployment);
/// Of a step about one server group.
json::object group_context(const Deployment& deployment, const std::string& name);
/// {region, account, cloudProvider, serverGroupName}: for pipelines and monitors.
json::object reference(const Deployment& deployment, const std::string& name);

Step with(Step step, const json::object& more);
/// No step for no time.
void add_wait(std::vector<Step>& steps, std::string name, std::chrono::seconds time);
/// Its failure is seen, and the steps behind it run all the same.
Step tolerated(Step step);

/// The new server group to a share of its source, which keeps its size meanwhile.
Step grow(const Deployment& deployment, int percentage);
/// The smallest size of its source becomes the size of now; or again what it was when the deployment began.
Step pin_source(const Deployment& deployment);
Step unpin_source(const Deployment& deployment);
/// The new server group, which was of a fixed size while it grew.
Step unpin_created(const Deployment& deployment);
/// While the others run; when the execution is cancelled meanwhile, what was pinned is unpinned.
Step keep_pinned(const Deployment& deployment, const std::string& name, const model::Capacity& saved);
/// The sizes that the new server group may have in the end.
model::Capacity final_capacity(const Deployment& deployment);
/// The new server group was healthy when it was made; before others go for it, is it still? `where` names it.
Step still_serves(const Deployment& deployment, json::object where, std::string name);
Step still_serves(const Deployment& deployment);
/// Traffic away from a share of the source.
Step shift(const Deployment& deployment, int percentage);
/// A pipeline of the user's that says whether to go on.
Step check(const Strategy& strategy, const Deployment& deployment, int percentage);
Step disable(const Deployment& deployment, const std::string& name);
Step destroy(const Deployment& deployment, const std::string& name);
Step scale_down_others(const Deployment& deployment, bool also_active);
Step shrink(const Deployment& deployment, int keep, bool also_active);
/// The whole cluster to what it was when the deployment began.
Step restore(const Deployment& deployment);

}  // namespace gennaker::clusters
