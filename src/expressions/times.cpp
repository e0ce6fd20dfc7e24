#include "expressions/times.h"

#include <array>
#include <cmath>
#include <fmt/format.h>

#include "base/text.h"
#include "expressions/failure.h"
#include "expressions/java_text.h"

namespace gennaker::expressions {
namespace {

constexpr std::int64_t day_seconds = 86'400;
constexpr std::array<std::string_view, 7> days{"MONDAY", "TUESDAY",  "WEDNESDAY", "THURSDAY",
                                               "FRIDAY", "SATURDAY", "SUNDAY"};
constexpr std::array<std::string_view, 16> units{
    "NANOS", "MICROS", "MILLIS", "SECONDS", "MINUTES",   "HOURS",     "HALF_DAYS", "DAYS",
    "WEEKS", "MONTHS", "YEARS",  "DECADES", "CENTURIES", "MILLENNIA", "ERAS",      "FOREVER"};
constexpr std::array<std::string_view, 16> unit_words{
    "Nanos", "Micros", "Millis", "Seconds", "Minutes",   "Hours",     "HalfDays", "Days",
    "Weeks", "Months", "Years",  "Decades", "Centuries", "Millennia", "Eras",     "Forever"};

std::string year_text(std::int64_t year) {
  if (year > 9999) return fmt::format("+{}", year);
  return year < 0 ? fmt::format("-{:04}", -year) : fmt::format("{:04}", year);
}

std::string date_text(std::int64_t day) {
  const Civil civil = civil_from_days(day);
  return fmt::format("{}-{:02}-{:02}", year_text(civil.year), civil.month, civil.day);
}

std::string fraction_text(std::int32_t nanos) {
  if (nanos == 0) return "";
  if (nanos % 1'000'000 == 0) return fmt::format(".{:03}", nanos / 1'000'000);
  if (nanos % 1000 == 0) return fmt::format(".{:06}", nanos / 1000);
  return fmt::format(".{:09}", nanos);
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - ((a % b != 0 && (a % b < 0) != (b < 0)) ? 1 : 0);
}

template <class T>
int order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

}  // namespace

// ---- The calendar (Howard Hinnant's algorithms; years beyond those of <chrono>) ----

std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2;
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

Civil civil_from_days(std::int64_t day) {
  day += 719'468;
  const std::int64_t era = floor_div(day, 146'097);
  const std::int64_t of_era = day - era * 146'097;
  const std::int64_t year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const int shifted = static_cast<int>((5 * of_year + 2) / 153);
  const int month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {year + era * 400 + (month <= 2), month, static_cast<int>(of_year - (153 * shifted + 2) / 5 + 1)};
}

bool is_leap(std::int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int length_of_month(std::int64_t year, int month) {
  constexpr std::array<int, 12> lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : lengths[static_cast<std::size_t>(month - 1)];
}

// ---- Objects ----

std::string DateObject::text() const {
  static const DateFormatObject format("EEE MMM dd HH:mm:ss 'UTC' yyyy");
  return format.format(millis_);
}
bool DateObject::equals(const Object& other) const {
  const auto* date = dynamic_cast<const DateObject*>(&other);
  return date && date->millis_ == millis_;
}
std::optional<int> DateObject::compare(const Object& other) const {
  const auto* date = dynamic_cast<const DateObject*>(&other);
  if (!date) return std::nullopt;
  return order(millis_, date->millis_);
}

std::string_view TimeObject::type() const {
  return kind_ == Kind::instant ? "Instant" : kind_ == Kind::date ? "LocalDate" : "LocalDateTime";
}
std::string TimeObject::text() const {
  const std::int64_t day = floor_div(moment_.seconds, day_seconds);
  const std::int64_t second = moment_.seconds - day * day_seconds;
  if (kind_ == Kind::date) return date_text(day);
  std::string text = fmt::format("{}T{:02}:{:02}", date_text(day), second / 3600, second / 60 % 60);
  const bool with_seconds = kind_ == Kind::instant || second % 60 != 0 || moment_.nanos != 0;
  if (with_seconds) text += fmt::format(":{:02}{}", second % 60, fraction_text(moment_.nanos));
  return kind_ == Kind::instant ? text + "Z" : text;
}
bool TimeObject::equals(const Object& other) const {
  const auto* time = dynamic_cast<const TimeObject*>(&other);
  return time && time->kind_ == kind_ && time->moment_ == moment_;
}
std::optional<int> TimeObject::compare(const Object& other) const {
  const auto* time = dynamic_cast<const TimeObject*>(&other);
  if (!time || time->kind_ != kind_) return std::nullopt;
  return order(moment_, time->moment_);
}

std::string EnumObject::name() const {
  return kind_ == Kind::day_of_week ? std::string(days[static_cast<std::size_t>(ordinal_)])
                                    : std::string(units[static_cast<std::size_t>(ordinal_)]);
}
std::string_view EnumObject::type() const {
  return kind_ == Kind::day_of_week ? "DayOfWeek" : "ChronoUnit";
}
std::string EnumObject::text() const {
  return kind_ == Kind::day_of_week ? name() : std::string(unit_words[static_cast<std::size_t>(ordinal_)]);
}
bool EnumObject::equals(const Object& other) const {
  const auto* constant = dynamic_cast<const EnumObject*>(&other);
  return constant && constant->kind_ == kind_ && constant->ordinal_ == ordinal_;
}
std::optional<int> EnumObject::compare(const Object& other) const {
  const auto* constant = dynamic_cast<const EnumObject*>(&other);
  if (!constant || constant->kind_ != kind_) return std::nullopt;
  return ordinal_ - constant->ordinal_;
}

std::string UuidObject::text() const {
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", most_ >> 32, most_ >> 16 & 0xffff, most_ & 0xffff,
                     least_ >> 48, least_ & 0xffffffffffff);
}
bool UuidObject::equals(const Object& other) const {
  const auto* uuid = dynamic_cast<const UuidObject*>(&other);
  return uuid && uuid->most_ == most_ && uuid->least_ == least_;
}
std::optional<int> UuidObject::compare(const Object& other) const {
  const auto* uuid = dynamic_cast<const UuidObject*>(&other);
  if (!uuid) return std::nullopt;
  const int high = order(static_cast<std::int64_t>(most_), static_cast<std::int64_t>(uuid->most_));
  return high != 0 ? high : order(static_cast<std::int64_t>(least_), static_cast<std::int64_t>(uuid->least_));
}

// ---- Random ----

std::int32_t RandomObject::next(int bits) const {
  state_ = (state_ * 0x5DEECE66DULL + 0xB) & ((1ULL << 48) - 1);
  return static_cast<std::int32_t>(state_ >> (48 - bits));
}
std::int32_t RandomObject::next_int(std::int32_t bound) const {
  if (bound <= 0) throw java("IllegalArgumentException", "bound must be positive");
  std::int32_t drawn = next(31);
  if ((bound & (bound - 1)) == 0) return static_cast<std::int32_t>(std::int64_t{bound} * drawn >> 31);
  // Draws again where the numbers do not divide evenly; the sum overflows then.
  std::int32_t rest = drawn % bound;
  while (std::int64_t{drawn} - rest + (bound - 1) > INT32_MAX) {
    drawn = next(31);
    rest = drawn % bound;
  }
  return rest;
}
std::int64_t RandomObject::next_long() const {
  const auto high = static_cast<std::uint64_t>(static_cast<std::int64_t>(next(32)));
  return static_cast<std::int64_t>((high << 32) +
                                   static_cast<std::uint64_t>(static_cast<std::int64_t>(next(32))));
}
double RandomObject::next_double() const {
  const std::int64_t high = std::int64_t{next(26)} << 27;
  return static_cast<double>(high + next(27)) * 0x1.0p-53;
}
double RandomObject::next_gaussian() const {
  if (spare_) return std::exchange(spare_, std::nullopt).value();
  while (true) {
    const double a = 2 * next_double() - 1, b = 2 * next_double() - 1, s = a * a + b * b;
    if (s >= 1 || s == 0) continue;
    const double scale = std::sqrt(-2 * std::log(s) / s);
    spare_ = b * scale;
    return a * scale;
  }
}

// ---- SimpleDateFormat ----

namespace {

constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> weekdays{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};
constexpr std::string_view known_letters = "GyYMLwWDdFEuaHkKhmsSzZX";

/// A moment taken apart.
struct Fields {
  std::int64_t year;
  int month, day, day_of_year, weekday;  // weekday: 0 is Monday
  int hour, minute, second, milli;
};

int weekday_of(std::int64_t day) {
  return static_cast<int>(((day + 3) % 7 + 7) % 7);
}

Fields take_apart(std::int64_t millis) {
  constexpr std::int64_t day_millis = day_seconds * 1000;
  const std::int64_t day = floor_div(millis, day_millis);
  // The first day of all begins before the first moment that fits: its beginning is not computed.
  const std::int64_t rest = (millis % day_millis + day_millis) % day_millis;
  const Civil civil = civil_from_days(day);
  return {.year = civil.year,
          .month = civil.month,
          .day = civil.day,
          .day_of_year = static_cast<int>(day - days_from_civil(civil.year, 1, 1)) + 1,
          .weekday = weekday_of(day),
          .hour = static_cast<int>(rest / 3'600'000),
          .minute = static_cast<int>(rest / 60'000 % 60),
          .second = static_cast<int>(rest / 1000 % 60),
          .milli = static_cast<int>(rest % 1000)};
}

/// Weeks of en-US: they begin on Sunday, and the first of January is in the first.
struct Week {
  std::int64_t year;
  int week;
};
Week week_of(const Fields& fields) {
  const std::int64_t first = days_from_civil(fields.year, 1, 1);
  const int lead = (weekday_of(first) + 1) % 7;
  const int week = (fields.day_of_year - 1 + lead) / 7 + 1;
  const std::int64_t next = days_from_civil(fields.year + 1, 1, 1);
  const int next_lead = (weekday_of(next) + 1) % 7;
  if (first + fields.day_of_year - 1 >= next - next_lead) return {fields.year + 1, 1};
  return {fields.year, week};
}

std::string padded(std::int64_t number, int width) {
  return fmt::format("{:0{}}", number, width);
}

std::string name_or_short(std::string_view name, int count) {
  return std::string(count >= 4 ? name : name.substr(0, 3));
}

}  // namespace

DateFormatObject::DateFormatObject(std::string pattern) : pattern_(std::move(pattern)) {
  const auto literal = [&](char c) {
    if (parts_.empty() || parts_.back().letter != 0) parts_.emplace_back();
    parts_.back().literal += c;
  };
  bool quoted = false;
  for (std::size_t i = 0; i < pattern_.size(); ++i) {
    const char c = pattern_[i];
    if (c == '\'') {
      if (i + 1 < pattern_.size() && pattern_[i + 1] == '\'') {
        literal('\'');
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (quoted || !std::isalpha(static_cast<unsigned char>(c))) {
      literal(c);
    } else if (known_letters.find(c) == std::string_view::npos) {
      throw java("IllegalArgumentException",
                 fmt::format("the letter '{}' means nothing in a date's pattern", c));
    } else if (!parts_.empty() && parts_.back().letter == c && pattern_[i - 1] == c) {
      ++parts_.back().count;
    } else {
      parts_.push_back({c, 1, ""});
    }
  }
  if (quoted) throw java("IllegalArgumentException", "a quote in the date's pattern has no end");
}

std::string DateFormatObject::text() const {
  return fmt::format("java.text.SimpleDateFormat@{:x}",
                     static_cast<std::uint32_t>(java_hash(Value::text(pattern_))));
}

std::string DateFormatObject::format(std::int64_t millis) const {
  const Fields fields = take_apart(millis);
  const std::int64_t year = fields.year > 0 ? fields.year : 1 - fields.year;
  const auto year_as = [](std::int64_t number, int count) {
    return count == 2 ? padded(number % 100, 2) : padded(number, count);
  };
  std::string out;
  for (const Part& part : parts_) {
    const int n = part.count;
    switch (part.letter) {
      case 0:
        out += part.literal;
        break;
      case 'G':
        out += fields.year > 0 ? "AD" : "BC";
        break;
      case 'y':
        out += year_as(year, n);
        break;
      case 'Y':
        out += year_as(week_of(fields).year, n);
        break;
      case 'M':
      case 'L':
        out += n >= 3 ? name_or_short(months[static_cast<std::size_t>(fields.month - 1)], n)
                      : padded(fields.month, n);
        break;
      case 'w':
        out += padded(week_of(fields).week, n);
        break;
      case 'W': {
        const int lead = (weekday_of(days_from_civil(fields.year, fields.month, 1)) + 1) % 7;
        out += padded((fields.day - 1 + lead) / 7 + 1, n);
        break;
      }
      case 'D':
        out += padded(fields.day_of_year, n);
        break;
      case 'd':
        out += padded(fields.day, n);
        break;
      case 'F':
        out += padded((fields.day - 1) / 7 + 1, n);
        break;
      case 'E':
        out += name_or_short(weekdays[static_cast<std::size_t>(fields.weekday)], n);
        break;
      case 'u':
        out += padded(fields.weekday + 1, n);
        break;
      case 'a':
        out += fields.hour < 12 ? "AM" : "PM";
        break;
      case 'H':
        out += padded(fields.hour, n);
        break;
      case 'k':
        out += padded(fields.hour == 0 ? 24 : fields.hour, n);
        break;
      case 'K':
        out += padded(fields.hour % 12, n);
        break;
      case 'h':
        out += padded(fields.hour % 12 == 0 ? 12 : fields.hour % 12, n);
        break;
      case 'm':
        out += padded(fields.minute, n);
        break;
      case 's':
        out += padded(fields.second, n);
        break;
      case 'S':
        out += padded(fields.milli, n);
        break;
      case 'z':
        out += n >= 4 ? "Coordinated Universal Time" : "UTC";
        break;
      case 'Z':
        out += "+0000";
        break;
      case 'X':
        out += "Z";
        break;
      default:
        break;
    }
  }
  return out;
}

namespace {

/// Reads a text by a pattern, as leniently as Java: numbers may be too large, what is left over does not
/// matter.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}

  void literal(std::string_view wanted) {
    if (!text_.substr(at_).starts_with(wanted)) fail();
    at_ += wanted.size();
  }

  /// `most`: digits at most; 0: any number.
  std::int64_t number(int most) {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    const std::size_t start = at_;
    const bool negative = at_ < text_.size() && text_[at_] == '-';
    if (negative) ++at_;
    std::int64_t value = 0;
    int digits = 0;
    while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) && digits < 18 &&
           (most == 0 || digits < most)) {
      value = value * 10 + (text_[at_++] - '0');
      ++digits;
    }
    if (digits == 0) {
      at_ = start;
      fail();
    }
    digits_ = digits;
    return negative ? -value : value;
  }
  int digits() const { return digits_; }

  /// Position of the name, whole or its first three letters; any case.
  template <std::size_t n>
  int name(const std::array<std::string_view, n>& names) {
    const std::string rest = base::lower_case(text_.substr(at_));
    for (const bool whole : {true, false}) {
      for (std::size_t i = 0; i < n; ++i) {
        const std::string wanted = base::lower_case(whole ? names[i] : names[i].substr(0, 3));
        if (!rest.starts_with(wanted)) continue;
        at_ += wanted.size();
        return static_cast<int>(i);
      }
    }
    fail();
  }

  /// Milliseconds east of UTC.
  std::int64_t zone() {
    for (const std::string_view word : {"UTC", "GMT", "Z"}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      if (word == "Z" || at_ >= text_.size() || (text_[at_] != '+' && text_[at_] != '-')) return 0;
      break;
    }
    if (at_ >= text_.size() || (text_[at_] != '+' && text_[at_] != '-')) fail();
    const int sign = text_[at_++] == '-' ? -1 : 1;
    const std::int64_t hours = number(2);
    if (at_ < text_.size() && text_[at_] == ':') ++at_;
    const bool more = at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]));
    return sign * (hours * 60 + (more ? number(2) : 0)) * 60'000;
  }

  [[noreturn]] void fail() const {
    throw java("ParseException", fmt::format("the date \"{}\" cannot be read", text_));
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  int digits_ = 0;
};

}  // namespace

std::int64_t DateFormatObject::parse(std::string_view text) const {
  DateReader reader(text);
  std::int64_t year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, milli = 0, zone = 0;
  std::optional<std::int64_t> day_of_year;
  std::optional<bool> afternoon;
  bool twelve = false, before_christ = false;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    // Numbers that touch are told apart by their lengths.
    const bool touches = i + 1 < parts_.size() && parts_[i + 1].letter != 0 &&
                         std::string_view("EGaz").find(parts_[i + 1].letter) == std::string_view::npos;
    const int width = touches ? part.count : 0;
    switch (part.letter) {
      case 0:
        reader.literal(part.literal);
        break;
      case 'y':
      case 'Y':
        year = reader.number(width);
        // Two letters and two digits: within 80 years before and 20 after now. Pinned, so that a test means
        // the same next year.
        if (part.count <= 2 && reader.digits() == 2) year += year < 50 ? 2000 : 1900;
        break;
      case 'M':
      case 'L':
        month = part.count >= 3 ? reader.name(months) + 1 : reader.number(width);
        break;
      case 'd':
        day = reader.number(width);
        break;
      case 'D':
        day_of_year = reader.number(width);
        break;
      case 'H':
        hour = reader.number(width);
        break;
      case 'k':
        hour = reader.number(width) % 24;
        break;
      case 'K':
        hour = reader.number(width);
        twelve = true;
        break;
      case 'h':
        hour = reader.number(width) % 12;
        twelve = true;
        break;
      case 'm':
        minute = reader.number(width);
        break;
      case 's':
        second = reader.number(width);
        break;
      case 'S':
        milli = reader.number(width);
        break;
      case 'E':
        reader.name(weekdays);
        break;
      case 'a':
        afternoon = reader.name(std::array<std::string_view, 2>{"AM", "PM"}) == 1;
        break;
      case 'G':
        before_christ = reader.name(std::array<std::string_view, 2>{"AD", "BC"}) == 1;
        break;
      case 'z':
      case 'Z':
      case 'X':
        zone = reader.zone();
        break;
      default:
        reader.number(width);
        break;
    }
  }
  if (twelve && afternoon.value_or(false)) hour += 12;
  if (before_christ) year = 1 - year;
  // Lenient: months and days roll over.
  year += floor_div(month - 1, 12);
  month = month - 1 - floor_div(month - 1, 12) * 12 + 1;
  // What no calendar holds goes round, as it does in Java, and must not be undefined here.
  using Wrapping = std::uint64_t;
  year = std::clamp<std::int64_t>(year, -1'000'000'000, 1'000'000'000);
  Wrapping days = Wrapping(days_from_civil(year, static_cast<int>(month), 1)) + Wrapping(day) - 1;
  if (day_of_year) days = Wrapping(days_from_civil(year, 1, 1)) + Wrapping(*day_of_year) - 1;
  const Wrapping minutes = (days * 24 + Wrapping(hour)) * 60 + Wrapping(minute);
  return static_cast<std::int64_t>((minutes * 60 + Wrapping(second)) * 1000 + Wrapping(milli) -
                                   Wrapping(zone));
}

// ---- Making ----

Value make_date(std::int64_t millis) {
  return Value(ObjectPtr(std::make_shared<DateObject>(millis)));
}
Value make_time(TimeObject::Kind kind, Moment moment) {
  return Value(ObjectPtr(std::make_shared<TimeObject>(kind, moment)));
}
Value make_day_of_week(int from_one) {
  return Value(ObjectPtr(std::make_shared<EnumObject>(EnumObject::Kind::day_of_week, from_one - 1)));
}

Parameter time_parameter(const Object& object) {
  if (dynamic_cast<const DateObject*>(&object)) return Parameter::date;
  if (dynamic_cast<const UuidObject*>(&object)) return Parameter::uuid;
  if (const auto* time = dynamic_cast<const TimeObject*>(&object)) {
    switch (time->kind()) {
      case TimeObject::Kind::instant:
        return Parameter::instant;
      case TimeObject::Kind::date:
        return Parameter::local_date;
      case TimeObject::Kind::date_time:
        return Parameter::local_date_time;
    }
  }
  if (const auto* constant = dynamic_cast<const EnumObject*>(&object))
    return constant->kind() == EnumObject::Kind::day_of_week ? Parameter::day_of_week
                                                             : Parameter::chrono_unit;
  return Parameter::object;
}

namespace {

template <std::size_t n>
Value constant_of(const std::array<std::string_view, n>& names, std::string_view text, EnumObject::Kind kind,
                  std::string_view type) {
  for (std::size_t i = 0; i < n; ++i) {
    if (names[i] == text) return Value(ObjectPtr(std::make_shared<EnumObject>(kind, static_cast<int>(i))));
  }
  throw java("IllegalArgumentException", fmt::format("{} has no constant '{}'", type, text));
}

Value uuid_of(std::string_view text) {
  // Java takes five groups of hexadecimal digits, also shorter ones.
  constexpr std::array<int, 5> widths{8, 4, 4, 4, 12};
  std::array<std::uint64_t, 5> groups{};
  std::string_view rest = text;
  const auto fail = [&] { return java("IllegalArgumentException", fmt::format("'{}' is not a UUID", text)); };
  if (count_units(text) > 36) throw fail();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::size_t dash = i + 1 < groups.size() ? rest.find('-') : rest.size();
    if (dash == std::string_view::npos || dash == 0) throw fail();
    const auto number = parse_integer(rest.substr(0, dash), 16, 0, INT64_MAX);
    if (!number) throw fail();
    groups[i] = static_cast<std::uint64_t>(*number) & ((1ULL << widths[i] * 4) - 1);
    rest.remove_prefix(std::min(dash + 1, rest.size()));
  }
  return Value(ObjectPtr(std::make_shared<UuidObject>(groups[0] << 32 | groups[1] << 16 | groups[2],
                                                      groups[3] << 48 | groups[4])));
}

}  // namespace

Value time_of_text(std::string_view text, Parameter parameter) {
  if (parameter == Parameter::uuid) return uuid_of(text);
  if (parameter == Parameter::day_of_week)
    return constant_of(days, text, EnumObject::Kind::day_of_week, "DayOfWeek");
  return constant_of(units, text, EnumObject::Kind::chrono_unit, "ChronoUnit");
}

}  // namespace gennaker::expressions
