#include "rehearsal/time_text.h"

#include <array>
#include <charconv>
#include <fmt/format.h>

namespace gennaker::rehearsal {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest = std::chrono::hours(24 * 365 * 100);

struct Unit {
  std::string_view word;
  milliseconds length;
};
constexpr std::array<Unit, 5> units{{{"d", std::chrono::hours(24)},
                                     {"h", std::chrono::hours(1)},
                                     {"m", std::chrono::minutes(1)},
                                     {"s", std::chrono::seconds(1)},
                                     {"ms", milliseconds(1)}}};

void skip_spaces(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
}

std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

/// Exactly so many digits.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  std::string_view digits = text.substr(0, count);
  const auto number = take_number(digits);
  if (!number || !digits.empty()) return std::nullopt;
  text.remove_prefix(count);
  return static_cast<int>(*number);
}

bool take(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::optional<milliseconds> take_hours_and_minutes(std::string_view& text) {
  const auto hours = take_digits(text, 2);
  if (!hours || *hours > 23 || !take(text, ":")) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
}

std::optional<milliseconds> take_seconds(std::string_view& text) {
  if (!take(text, ":")) return milliseconds(0);
  const auto seconds = take_digits(text, 2);
  if (!seconds || *seconds > 59) return std::nullopt;
  milliseconds all = std::chrono::seconds(*seconds);
  if (!take(text, ".")) return all;
  const auto part = take_digits(text, 3);
  if (!part) return std::nullopt;
  return all + milliseconds(*part);
}

/// What has to be taken off to get UTC.
std::optional<milliseconds> take_offset(std::string_view& text) {
  if (take(text, "Z")) return milliseconds(0);
  const bool east = text.starts_with('+');
  if (!east && !text.starts_with('-')) return std::nullopt;
  text.remove_prefix(1);
  const auto offset = take_hours_and_minutes(text);
  if (!offset) return std::nullopt;
  return east ? *offset : -*offset;
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  milliseconds all{0};
  bool any = false;
  for (;;) {
    skip_spaces(text);
    if (text.empty()) break;
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    std::size_t letters = 0;
    while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
    const std::string_view word = text.substr(0, letters);
    text.remove_prefix(letters);
    const bool alone = !any && word.empty() && text.empty();
    milliseconds unit{0};
    for (const Unit& one : units) {
      if (one.word == (alone ? "s" : word)) unit = one.length;
    }
    if (unit.count() == 0 || *number > longest / unit) return std::nullopt;
    all += *number * unit;
    if (all > longest) return std::nullopt;
    any = true;
  }
  if (!any) return std::nullopt;
  return all;
}

std::string to_text(milliseconds duration) {
  if (duration < milliseconds(0)) return "-" + to_text(-duration);
  std::string text;
  for (const Unit& unit : units) {
    const auto number = duration / unit.length;
    if (number == 0) continue;
    text += fmt::format("{}{}{}", text.empty() ? "" : " ", number, unit.word);
    duration -= number * unit.length;
  }
  return text.empty() ? "0s" : text;
}

std::optional<base::TimePoint> parse_moment(std::string_view text) {
  const auto day = take_date(text);
  if (!day) return std::nullopt;
  if (text.empty()) return base::TimePoint(*day);
  if (!take(text, "T") && !take(text, " ")) return std::nullopt;
  const auto minutes = take_hours_and_minutes(text);
  if (!minutes) return std::nullopt;
  const auto seconds = take_seconds(text);
  if (!seconds) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return base::TimePoint(*day) + *minutes + *seconds - *offset;
}

}  // namespace gennaker::rehearsal
