#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "model/infrastructure.h"
#include "model/operation.h"

/// Which operations need which capability of a cloud. Pure.
namespace gennaker::clusters {

/// Whether a cloud of these capabilities carries out operations of `kind`; true for kinds that every cloud
/// does, and for unknown ones, which the provider refuses itself.
bool can(const model::Capabilities& capabilities, std::string_view kind);

/// The same for this very operation: a cloud that moves traffic need not move a part of it.
bool can(const model::Capabilities& capabilities, const model::Operation& operation);

/// For clients: {terminateInstances: true, ...}.
boost::json::object to_json(const model::Capabilities& capabilities);

}  // namespace gennaker::clusters
