#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

/// Durations and moments as people write them.
namespace gennaker::rehearsal {

/// "90s", "2h 30m", "1d", "250ms", "0"; a number without a unit means seconds. nullopt: it is none, is
/// negative, or is longer than 100 years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "2h 40s", "1d 250ms", "0s".
std::string to_text(std::chrono::milliseconds duration);

/// "2026-01-05T09:00:00Z", also with milliseconds, an offset such as +01:00, or the date alone (midnight
/// UTC). nullopt: it is none.
std::optional<base::TimePoint> parse_moment(std::string_view text);

}  // namespace gennaker::rehearsal
