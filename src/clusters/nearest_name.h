#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gennaker::clusters {

/// The known name that a person most likely meant, if any is close enough.
std::optional<std::string> nearest_name(std::string_view wrong, const std::vector<std::string>& known);

/// "; did you mean 'prod-eu1'?", else "; known: a, b", else "": the end of an error message.
std::string suggestion(std::string_view wrong, const std::vector<std::string>& known);

}  // namespace gennaker::clusters
