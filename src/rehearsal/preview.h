#pragma once

#include <boost/json/object.hpp>

#include "model/infrastructure.h"
#include "model/operation.h"

/// What a new server group would have that the one before has not, and the other way round. Pure.
namespace gennaker::rehearsal {

/// For an operation that makes a server group, or changes what one starts; `before`: the one that it follows
/// or changes, nullptr: there is none. {against?: name, changes: [{field, from?, to?}]}, where `field` is
/// "image", "loadBalancers", "capacity.desired", "command", "env.LOG_LEVEL" ...; without `from` it is new,
/// without `to` it is gone. Fields in the order of their names, the image first.
boost::json::object preview_of(const model::Operation& operation, const model::ServerGroup* before);
/// Whether there is a preview of it.
bool has_preview(const model::Operation& operation);

}  // namespace gennaker::rehearsal
