#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

namespace gennaker::testing {

namespace json = boost::json;

/// Where a value is not what a schema.json of ours asks for: "clusters[0].capacity: is not of type object".
/// Knows what those files use: type, required, properties, items, enum, pattern, minItems, minimum and
/// maximum. A text that holds an expression may become anything.
std::vector<std::string> schema_breaks(const json::object& schema, const json::value& value,
                                       const std::string& path = "");

}  // namespace gennaker::testing
