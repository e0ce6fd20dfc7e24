#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "model/artifact.h"
#include "store/store.h"

namespace gennaker::pipelines {

namespace json = boost::json;
using base::Async;

/// The trigger of a start with its artifacts resolved: `artifacts` are the received and the bound ones,
/// `expectedArtifacts` and `resolvedExpectedArtifacts` those of the configuration that were considered: named
/// in the trigger's `expectedArtifactIds`, or with a fallback of their own. Received are those of the
/// configuration's `receivedArtifacts` and of the trigger's. Throws base::Error `invalid` that names the
/// expected artifact which nothing, or too much, matches. Source: docs/artifacts.md
Async<json::object> with_artifacts(store::Store& store, json::object config, json::object trigger);

/// Which expected artifacts of a configuration another pipeline's run asks for: those that its enabled
/// trigger of type `pipeline` for `parent_config_id` names, and those that `received` has a match for.
std::vector<std::string> ids_for_child(const json::object& config, std::string_view parent_config_id,
                                       const std::vector<model::Artifact>& received);

}  // namespace gennaker::pipelines
