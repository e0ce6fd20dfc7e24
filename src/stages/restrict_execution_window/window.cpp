#include "stages/restrict_execution_window/window.h"

#include <algorithm>
#include <date/tz.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::stages {
namespace {

constexpr int minutes_of_day = 24 * 60;

using Problem = std::optional<std::string>;

/// A whole number of `from`..`to`, or `otherwise` if the member is missing.
Problem read_number(const json::object& object, const std::string& path, std::string_view key, int from,
                    int to, int otherwise, int& result) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) {
    result = otherwise;
    return std::nullopt;
  }
  const auto number = base::whole_number(*value);
  if (!number || *number < from || *number > to) {
    return fmt::format("{}.{}: a number from {} to {} is needed, not {}", path, key, from, to,
                       base::to_text(*value));
  }
  result = static_cast<int>(*number);
  return std::nullopt;
}

/// Both ends belong to the window, by the minute.
Problem read_span(const json::object& entry, const std::string& path, ExecutionWindow& window) {
  int start_hour = 0, start_minute = 0, end_hour = 0, end_minute = 0;
  for (const Problem& problem : {read_number(entry, path, "startHour", 0, 24, 0, start_hour),
                                 read_number(entry, path, "startMin", 0, 59, 0, start_minute),
                                 read_number(entry, path, "endHour", 0, 24, 0, end_hour),
                                 read_number(entry, path, "endMin", 0, 59, 0, end_minute)}) {
    if (problem) return problem;
  }
  const int from = std::min(start_hour * 60 + start_minute, minutes_of_day);
  const int to = std::min(end_hour * 60 + end_minute + 1, minutes_of_day);
  if (from < to) {
    window.spans.push_back({from, to});
    return std::nullopt;
  }
  if (from < minutes_of_day) window.spans.push_back({from, minutes_of_day});
  window.spans.push_back({0, to});
  return std::nullopt;
}

Problem read_days(const json::object& restricted, ExecutionWindow& window) {
  const auto* days = base::find_array(restricted, "days");
  if (days == nullptr || days->empty()) {
    window.on_weekday.fill(true);
    return std::nullopt;
  }
  for (const json::value& entry : *days) {
    const auto day = base::whole_number(entry);
    if (!day || *day < 1 || *day > 7) {
      return fmt::format("restrictedExecutionWindow.days: 1 (Sunday) to 7 (Saturday) are days, {} is not",
                         base::to_text(entry));
    }
    window.on_weekday[static_cast<std::size_t>(*day - 1)] = true;
  }
  return std::nullopt;
}

Problem read_jitter(const json::object& restricted, ExecutionWindow& window) {
  constexpr int longest = 7 * 24 * 3600;
  const auto* jitter = base::find_object(restricted, "jitter");
  if (jitter == nullptr || !base::bool_or(*jitter, "enabled", false)) return std::nullopt;
  const std::string path = "restrictedExecutionWindow.jitter";
  int least = 0, most = 0;
  if (Problem problem = read_number(*jitter, path, "minDelay", 0, longest, 0, least)) return problem;
  if (Problem problem = read_number(*jitter, path, "maxDelay", 0, longest, 0, most)) return problem;
  if (most > 0 && most < least) return fmt::format("{}.maxDelay: must not be below minDelay", path);
  if (most == 0) return std::nullopt;  // as the compatible behaviour has it: nothing to draw from
  window.least_delay = std::chrono::seconds(least);
  window.most_delay = std::chrono::seconds(most);
  window.delay_skips_manual = base::bool_or(*jitter, "skipManual", false);
  return std::nullopt;
}

const date::time_zone* find_zone(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    return nullptr;
  }
}

const date::time_zone& zone_of(const std::string& name) {
  const date::time_zone* zone = find_zone(name);
  if (zone == nullptr) throw base::Error(base::Kind::invalid, fmt::format("time zone '{}' is unknown", name));
  return *zone;
}

/// A local time that the clocks skip counts as the moment of the change; one that comes twice, as `which`.
base::TimePoint at(const date::time_zone& zone, date::local_days day, int minute, date::choose which) {
  const date::local_time<std::chrono::seconds> local{day.time_since_epoch() + std::chrono::minutes(minute)};
  return base::TimePoint(zone.to_sys(local, which).time_since_epoch());
}

}  // namespace

std::variant<ExecutionWindow, std::string> read_window(const json::object& restricted) {
  ExecutionWindow window;
  const auto* whitelist = base::find_array(restricted, "whitelist");
  const auto* days = base::find_array(restricted, "days");
  if ((whitelist == nullptr || whitelist->empty()) && (days == nullptr || days->empty())) {
    return "restrictedExecutionWindow: needs hours (whitelist), days, or both";
  }
  for (std::size_t i = 0; whitelist != nullptr && i < whitelist->size(); ++i) {
    const std::string path = fmt::format("restrictedExecutionWindow.whitelist[{}]", i);
    const auto* entry = (*whitelist)[i].if_object();
    if (entry == nullptr) return path + ": an object with startHour and endHour is needed";
    if (const Problem problem = read_span(*entry, path, window)) return *problem;
  }
  if (window.spans.empty()) window.spans.push_back({0, minutes_of_day});
  std::sort(window.spans.begin(), window.spans.end(),
            [](const auto& a, const auto& b) { return a.from < b.from; });
  if (const Problem problem = read_days(restricted, window)) return *problem;
  if (const Problem problem = read_jitter(restricted, window)) return *problem;
  return window;
}

std::optional<base::TimePoint> next_opening(const ExecutionWindow& window, const std::string& time_zone,
                                            base::TimePoint now) {
  constexpr int days_ahead = 15;
  const date::time_zone& zone = zone_of(time_zone);
  const date::sys_time<std::chrono::milliseconds> instant(now.time_since_epoch());
  const date::local_days today = date::floor<date::days>(zone.to_local(instant));
  for (int ahead = 0; ahead < days_ahead; ++ahead) {
    const date::local_days day = today + date::days(ahead);
    if (!window.on_weekday[date::weekday(day).c_encoding()]) continue;
    for (const ExecutionWindow::Span& span : window.spans) {
      const base::TimePoint opens = at(zone, day, span.from, date::choose::earliest);
      const base::TimePoint closes = at(zone, day, span.to, date::choose::latest);
      if (now < closes && opens < closes) return std::max(opens, now);
    }
  }
  return std::nullopt;
}

void check_time_zone(const std::string& time_zone, std::string_view field) {
  if (find_zone(time_zone) != nullptr) return;
  throw base::Error(base::Kind::invalid, fmt::format("{}: time zone '{}' is unknown", field, time_zone),
                    {{"field", field}});
}

}  // namespace gennaker::stages
