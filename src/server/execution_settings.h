#pragma once

#include <boost/json/object.hpp>

#include "pipelines/pruner.h"
#include "pipelines/starter.h"

namespace gennaker::server {

/// The section `executions` of the configuration file: `blockOrchestrationExecutions`, and
/// `allowedOrchestrationExecutions`, a list of stage types or of {name, allowAllUsers, permittedUsers}.
/// Throws base::Error `invalid` that names the key.
pipelines::AdHocRules read_ad_hoc_rules(const boost::json::object& settings);

/// `keep` of the same section: {days, perPipeline, atLeast, applications: {NAME: {days, perPipeline,
/// atLeast}}}; what an application leaves out is as for all. Throws as read_ad_hoc_rules does.
pipelines::RetentionRules read_retention(const boost::json::object& settings);

}  // namespace gennaker::server
