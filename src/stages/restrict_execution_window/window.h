#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"

/// When a stage may begin: hours of a day, days of a week, in one time zone.
namespace gennaker::stages {

namespace json = boost::json;

struct ExecutionWindow {
  /// Minutes of a local day, [from, to): 540 is 09:00. One over midnight is held as two.
  struct Span {
    int from = 0, to = 0;
  };
  std::vector<Span> spans;                             ///< never empty; sorted
  std::array<bool, 7> on_weekday = {};                 ///< from Sunday; at least one
  std::chrono::seconds least_delay{0}, most_delay{0};  ///< a random delay behind the opening; 0, 0: none
  bool delay_skips_manual = false;                     ///< no delay for runs that a person started
};

/// What `restrictedExecutionWindow` says, or what is wrong with it, with the field's name in it.
/// Numbers may be texts. Source: docs/stages, restrictExecutionDuringTimeWindow.
std::variant<ExecutionWindow, std::string> read_window(const json::object& restricted);

/// The first moment from `now` on at which the window is open; `now` itself if it is. nullopt: not within
/// the next two weeks, which only a time zone without those hours can bring about.
/// Throws base::Error `invalid` if the zone is unknown.
std::optional<base::TimePoint> next_opening(const ExecutionWindow& window, const std::string& time_zone,
                                            base::TimePoint now);

/// Throws base::Error `invalid` that names `field` if there is no such zone.
void check_time_zone(const std::string& time_zone, std::string_view field);

}  // namespace gennaker::stages
