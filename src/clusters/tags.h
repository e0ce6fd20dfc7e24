#pragma once

#include <boost/json/object.hpp>

#include "model/operation.h"

namespace gennaker::clusters {

/// Changes the tags of a server group or an image as the member `tags` of an operation says: one that is null
/// goes, those that it does not name stay.
void set_tags(boost::json::object& tags, const model::Operation& operation);

}  // namespace gennaker::clusters
