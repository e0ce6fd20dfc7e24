#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

namespace gennaker::stages {

/// The value at a definite JSON path: `$.build.status`, `$['a b'][0].c`. nullptr: nothing is there.
/// Throws base::Error `invalid` for a path that is not of this form.
const boost::json::value* at_json_path(const boost::json::value& document, std::string_view path);

}  // namespace gennaker::stages
