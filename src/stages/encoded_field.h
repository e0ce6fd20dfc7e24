#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

#include "runner/task.h"

namespace gennaker::stages {

/// A field that clients send as JSON, or as the base64 of its text so that no expression in it is evaluated
/// too early. nullopt: absent. Throws base::Error `invalid` that names the field.
std::optional<boost::json::value> encoded_field(const boost::json::object& fields, std::string_view field);

/// A text that clients send as it is, or as the base64 of it as JSON, quotes included. `fallback`: absent.
std::string encoded_text(const boost::json::object& fields, std::string_view field,
                         const std::string& fallback);

}  // namespace gennaker::stages
