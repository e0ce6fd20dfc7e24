#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace gennaker::base {

/// "2026-11-26T06:59:01.097369768Z", also with an offset ("+02:00"); finer than a millisecond is dropped.
/// nullopt: something else, or a date that there is not.
std::optional<TimePoint> parse_rfc3339(std::string_view text);

}  // namespace gennaker::base
