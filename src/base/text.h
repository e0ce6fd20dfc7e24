#pragma once

#include <string>
#include <string_view>

namespace gennaker::base {

/// ASCII only, as names are.
std::string lower_case(std::string_view text);
std::string_view trimmed(std::string_view text);

}  // namespace gennaker::base
