#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "model/infrastructure.h"

/// Which operations need which capability of a cloud. Pure.
namespace gennaker::clusters {

/// Whether a cloud of these capabilities carries out operations of `kind`; true for kinds that every cloud
/// does, and for unknown ones, which the provider refuses itself.
bool can(const model::Capabilities& capabilities, std::string_view kind);

/// For clients: {terminateInstances: true, ...}.
boost::json::object to_json(const model::Capabilities& capabilities);

}  // namespace gennaker::clusters
