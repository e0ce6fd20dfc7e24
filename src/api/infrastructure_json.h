#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <memory>
#include <string>

#include "clusters/clouds.h"

/// What the clouds hold, as clients see it.
namespace gennaker::api {

namespace json = boost::json;

using Snapshots = std::map<std::string, std::shared_ptr<const clusters::Snapshot>>;
/// By account. Accounts that were not read yet are left out.
Snapshots snapshots(const clusters::Clouds& clouds);

/// {account: [{name, provider, loadBalancers, serverGroups}]} of an application.
json::object clusters_json(const clusters::Clouds& clouds, const std::string& application);

json::object summary_json(const model::ServerGroup& group);
json::object details_json(const model::ServerGroup& group);
json::object instance_json(const model::ServerGroup& group, const model::Instance& instance);
json::object load_balancer_json(const model::LoadBalancer& load_balancer, const clusters::Snapshot& snapshot);
json::object moniker_json(const model::Moniker& moniker);

/// As Deck's run-job stage reads it.
json::object job_json(const model::Job& job);

}  // namespace gennaker::api
