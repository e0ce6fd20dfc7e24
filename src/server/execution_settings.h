#pragma once

#include <boost/json/object.hpp>

#include "pipelines/starter.h"

namespace gennaker::server {

/// The section `executions` of the configuration file: `blockOrchestrationExecutions`, and
/// `allowedOrchestrationExecutions`, a list of stage types or of {name, allowAllUsers, permittedUsers}.
/// Throws base::Error `invalid` that names the key.
pipelines::AdHocRules read_ad_hoc_rules(const boost::json::object& settings);

}  // namespace gennaker::server
