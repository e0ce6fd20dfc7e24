#include <array>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "expressions/failure.h"
#include "expressions/java_text.h"
#include "expressions/methods.h"
#include "expressions/times.h"

namespace gennaker::expressions {
namespace {

using P = Parameter;
using Kind = TimeObject::Kind;

__extension__ using Wide = __int128;

constexpr std::int64_t day_seconds = 86'400;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

Failure bad_time(const std::string& message) {
  return java("DateTimeException", message);
}

const DateObject& date(const Value& value) {
  if (value.is_null()) throw java("NullPointerException", "the date is null");
  return *value.object_as<DateObject>();
}
const TimeObject& time(const Value& value) {
  if (value.is_null()) throw java("NullPointerException", "the time is null");
  return *value.object_as<TimeObject>();
}

Value int_of(std::int64_t number) {
  return Value(static_cast<std::int32_t>(number));
}

std::int64_t day_of(const Moment& moment) {
  return floor_div(moment.seconds, day_seconds);
}
std::int64_t second_of_day(const Moment& moment) {
  return moment.seconds - day_of(moment) * day_seconds;
}

// ---- Arithmetic ----

Moment plus_seconds(Moment moment, std::int64_t seconds, std::int64_t nanos = 0) {
  constexpr std::int64_t most = 31'556'889'864'403'199;
  std::int64_t sum = 0;
  const std::int64_t total_nanos = moment.nanos + nanos % 1'000'000'000;
  if (__builtin_add_overflow(moment.seconds, seconds, &sum))
    throw java("ArithmeticException", "long overflow");
  sum += nanos / 1'000'000'000 + floor_div(total_nanos, 1'000'000'000);
  if (sum > most || sum < -most) throw bad_time("the time is out of range");
  return {sum,
          static_cast<std::int32_t>(total_nanos - floor_div(total_nanos, 1'000'000'000) * 1'000'000'000)};
}

Moment plus_scaled(Moment moment, std::int64_t count, std::int64_t seconds_each) {
  std::int64_t seconds = 0;
  if (__builtin_mul_overflow(count, seconds_each, &seconds))
    throw java("ArithmeticException", "long overflow");
  return plus_seconds(moment, seconds);
}

/// The day of the month is cut to the month's length.
Moment plus_months(Moment moment, std::int64_t months) {
  const Civil civil = civil_from_days(day_of(moment));
  if (months > 24'000'000'000 || months < -24'000'000'000) throw bad_time("the time is out of range");
  const std::int64_t count = civil.year * 12 + civil.month - 1 + months;
  const std::int64_t year = floor_div(count, 12);
  const int month = static_cast<int>(count - year * 12) + 1;
  const int day = std::min(civil.day, length_of_month(year, month));
  return {days_from_civil(year, month, day) * day_seconds + second_of_day(moment), moment.nanos};
}

enum Unit {
  nanos,
  micros,
  millis,
  seconds,
  minutes,
  hours,
  half_days,
  days,
  weeks,
  months,
  years,
  decades,
  centuries,
  millennia,
  eras,
  forever
};
constexpr std::array<std::int64_t, 9> unit_seconds{
    0, 0, 0, 1, 60, 3600, 43'200, day_seconds, 7 * day_seconds};

Failure unsupported(const EnumObject& unit) {
  return java("UnsupportedTemporalTypeException", fmt::format("Unsupported unit: {}", unit.text()));
}

Value plus_units(const TimeObject& from, std::int64_t count, const Value& wanted) {
  if (wanted.is_null()) throw java("NullPointerException", "the unit is null");
  const auto& unit = *wanted.object_as<EnumObject>();
  const int which = unit.ordinal();
  const bool whole_days = from.kind() == Kind::date, instant = from.kind() == Kind::instant;
  if ((whole_days && which < days) || (instant && which > days) || which >= eras) throw unsupported(unit);
  const Moment moment = from.moment();
  switch (which) {
    case nanos:
      return make_time(from.kind(), plus_seconds(moment, 0, count));
    case micros:
      return make_time(from.kind(), plus_seconds(moment, count / 1'000'000, count % 1'000'000 * 1000));
    case millis:
      return make_time(from.kind(), plus_seconds(moment, count / 1000, count % 1000 * 1'000'000));
    case months:
      return make_time(from.kind(), plus_months(moment, count));
    case years:
      return make_time(from.kind(), plus_months(moment, count * 12));
    case decades:
      return make_time(from.kind(), plus_months(moment, count * 120));
    case centuries:
      return make_time(from.kind(), plus_months(moment, count * 1200));
    case millennia:
      return make_time(from.kind(), plus_months(moment, count * 12'000));
    default:
      return make_time(from.kind(),
                       plus_scaled(moment, count, unit_seconds[static_cast<std::size_t>(which)]));
  }
}

std::int64_t months_between(const Moment& from, const Moment& to) {
  const auto packed = [](const Moment& moment) {
    const Civil civil = civil_from_days(day_of(moment));
    return (civil.year * 12 + civil.month - 1) * 32 + civil.day;
  };
  std::int64_t last = packed(to);
  // A part of a day does not count.
  if (day_of(to) != day_of(from)) {
    const auto of_day = [](const Moment& m) { return std::pair(second_of_day(m), m.nanos); };
    if (day_of(to) > day_of(from) && of_day(to) < of_day(from)) --last;
    if (day_of(to) < day_of(from) && of_day(to) > of_day(from)) ++last;
  }
  return (last - packed(from)) / 32;
}

std::int64_t units_between(const EnumObject& unit, const TimeObject& from, const TimeObject& to) {
  const int which = unit.ordinal();
  const bool whole_days = from.kind() == Kind::date, instant = from.kind() == Kind::instant;
  if ((whole_days && which < days) || (instant && which > days) || which >= eras) throw unsupported(unit);
  const Moment a = from.moment(), b = to.moment();
  Wide total = (static_cast<Wide>(b.seconds) - a.seconds) * 1'000'000'000 + (b.nanos - a.nanos);
  const auto months_per = [which]() -> std::int64_t {
    return which == months      ? 1
           : which == years     ? 12
           : which == decades   ? 120
           : which == centuries ? 1200
                                : 12'000;
  };
  if (which >= months) return months_between(a, b) / months_per();
  if (which == micros) return static_cast<std::int64_t>(total / 1000);
  if (which == millis) return static_cast<std::int64_t>(total / 1'000'000);
  if (which == nanos) return static_cast<std::int64_t>(total);
  return static_cast<std::int64_t>(
      total / (static_cast<Wide>(unit_seconds[static_cast<std::size_t>(which)]) * 1'000'000'000));
}

Value truncated(const TimeObject& from, const Value& wanted) {
  const auto& unit = *wanted.object_as<EnumObject>();
  if (unit.ordinal() > days) throw unsupported(unit);
  const Moment moment = from.moment();
  if (unit.ordinal() <= millis) {
    const std::int32_t step = unit.ordinal() == nanos ? 1 : unit.ordinal() == micros ? 1000 : 1'000'000;
    return make_time(from.kind(), {moment.seconds, moment.nanos / step * step});
  }
  const std::int64_t step = unit_seconds[static_cast<std::size_t>(unit.ordinal())];
  return make_time(from.kind(), {floor_div(moment.seconds, step) * step, 0});
}

// ---- Reading ----

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  [[noreturn]] void fail() const {
    throw java("DateTimeParseException", fmt::format("the text '{}' could not be read as a time", text_));
  }
  std::int64_t digits(std::size_t least, std::size_t most) {
    std::int64_t number = 0;
    std::size_t count = 0;
    while (count < most && at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) {
      number = number * 10 + (text_[at_++] - '0');
      ++count;
    }
    if (count < least) fail();
    count_ = count;
    return number;
  }
  void need(char c) {
    if (!take(c)) fail();
  }
  bool take(char c) {
    if (at_ >= text_.size() || (text_[at_] | 0x20) != (c | 0x20)) return false;
    ++at_;
    return true;
  }
  bool at_end() const { return at_ == text_.size(); }

  std::int64_t day() {
    const bool negative = take('-'), plus = !negative && take('+');
    std::int64_t year = digits(4, negative || plus ? 9 : 4);
    if (negative) year = -year;
    need('-');
    const auto month = static_cast<int>(digits(2, 2));
    need('-');
    const auto of_month = static_cast<int>(digits(2, 2));
    return checked_day(year, month, of_month);
  }

  /// A date that the calendar does not have is another failure than one that cannot be read.
  static std::int64_t checked_day(std::int64_t year, int month, int day) {
    if (month < 1 || month > 12)
      throw bad_time(fmt::format("Invalid value for MonthOfYear (valid values 1 - 12): {}", month));
    if (day < 1 || day > 31)
      throw bad_time(fmt::format("Invalid value for DayOfMonth (valid values 1 - 28/31): {}", day));
    if (day > length_of_month(year, month))
      throw bad_time(fmt::format("the month {}-{:02} has no day {}", year, month, day));
    return days_from_civil(year, month, day);
  }

  Moment time(std::int64_t day) {
    const std::int64_t hour = digits(2, 2);
    need(':');
    const std::int64_t minute = digits(2, 2);
    std::int64_t second = 0, nano = 0;
    if (take(':')) {
      second = digits(2, 2);
      if (take('.')) {
        nano = digits(1, 9);
        for (std::size_t i = count_; i < 9; ++i) nano *= 10;
      }
    }
    if (hour > 23 || minute > 59 || second > 59) throw bad_time("Invalid value for a time of day");
    return {day * day_seconds + (hour * 60 + minute) * 60 + second, static_cast<std::int32_t>(nano)};
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0, count_ = 0;
};

/// LocalDate.parse says the calendar's refusals with the name of the general failure.
Value read(Kind kind, std::string_view text) {
  Reader reader(text);
  const std::int64_t day = reader.day();
  Moment moment{day * day_seconds, 0};
  if (kind != Kind::date) {
    reader.need('T');
    moment = reader.time(day);
  }
  if (kind == Kind::instant) reader.need('Z');
  if (!reader.at_end()) reader.fail();
  return make_time(kind, moment);
}

// ---- Methods ----

Value self_text(const Call& c) {
  return Value::text(java_text(c.self));
}

std::vector<Method> common() {
  return {
      {"toString", {}, self_text},
      {"equals", {P::object}, [](const Call& c) { return Value(java_equals(c.self, c[0])); }},
      {"hashCode", {}, [](const Call& c) { return Value(java_hash(c.self)); }},
  };
}

std::vector<Method> with_common(std::vector<Method> methods) {
  for (Method& method : common()) methods.push_back(std::move(method));
  return methods;
}

std::vector<Method> make_date_methods() {
  return with_common({
      {"getTime", {}, [](const Call& c) { return Value(date(c.self).millis()); }},
      {"before", {P::date}, [](const Call& c) { return Value(date(c.self).millis() < date(c[0]).millis()); }},
      {"after", {P::date}, [](const Call& c) { return Value(date(c.self).millis() > date(c[0]).millis()); }},
      {"compareTo",
       {P::date},
       [](const Call& c) { return Value(std::int32_t{*date(c.self).compare(date(c[0]))}); }},
      {"toInstant",
       {},
       [](const Call& c) {
         const std::int64_t ms = date(c.self).millis(), second = floor_div(ms, 1000);
         return make_time(Kind::instant,
                          {second, static_cast<std::int32_t>((ms - second * 1000) * 1'000'000)});
       }},
      {"setTime",
       {P::long_},
       [](const Call&) -> Value {
         throw java("UnsupportedOperationException", "dates are not changed: new java.util.Date(ms)");
       }},
      {"getYear",
       {},
       [](const Call& c) {
         return int_of(civil_from_days(floor_div(date(c.self).millis(), 86'400'000)).year - 1900);
       }},
      {"getMonth",
       {},
       [](const Call& c) {
         return int_of(civil_from_days(floor_div(date(c.self).millis(), 86'400'000)).month - 1);
       }},
      {"getDate",
       {},
       [](const Call& c) {
         return int_of(civil_from_days(floor_div(date(c.self).millis(), 86'400'000)).day);
       }},
      {"getDay",
       {},
       [](const Call& c) {
         const std::int64_t day = floor_div(date(c.self).millis(), 86'400'000) + 4;
         return int_of((day % 7 + 7) % 7);
       }},
      {"getHours",
       {},
       [](const Call& c) { return int_of((floor_div(date(c.self).millis(), 3'600'000) % 24 + 24) % 24); }},
      {"getMinutes",
       {},
       [](const Call& c) { return int_of((floor_div(date(c.self).millis(), 60'000) % 60 + 60) % 60); }},
      {"getSeconds",
       {},
       [](const Call& c) { return int_of((floor_div(date(c.self).millis(), 1000) % 60 + 60) % 60); }},
      {"getTimezoneOffset", {}, [](const Call&) { return int_of(0); }},
  });
}

template <int which, int sign>
Value plus(const Call& c) {
  static const Value unit(ObjectPtr(std::make_shared<EnumObject>(EnumObject::Kind::chrono_unit, which)));
  return plus_units(time(c.self), sign * c.long_integer(0), unit);
}

/// A date's own day of the month, month, ... changed; the rest stays.
template <class Change>
Value changed(const Call& c, Change change) {
  const Moment moment = time(c.self).moment();
  Civil civil = civil_from_days(day_of(moment));
  change(civil);
  if (civil.month < 1 || civil.month > 12)
    throw bad_time("Invalid value for MonthOfYear (valid values 1 - 12)");
  const std::int64_t day = Reader::checked_day(civil.year, civil.month, civil.day);
  return make_time(time(c.self).kind(), {day * day_seconds + second_of_day(moment), moment.nanos});
}

int weekday(const Moment& moment) {
  return static_cast<int>(((day_of(moment) + 3) % 7 + 7) % 7) + 1;
}

std::vector<Method> calendar_methods(P own) {
  std::vector<Method> methods{
      {"getYear",
       {},
       [](const Call& c) { return int_of(civil_from_days(day_of(time(c.self).moment())).year); }},
      {"getMonthValue",
       {},
       [](const Call& c) { return int_of(civil_from_days(day_of(time(c.self).moment())).month); }},
      {"getDayOfMonth",
       {},
       [](const Call& c) { return int_of(civil_from_days(day_of(time(c.self).moment())).day); }},
      {"getDayOfYear",
       {},
       [](const Call& c) {
         const std::int64_t day = day_of(time(c.self).moment());
         return int_of(day - days_from_civil(civil_from_days(day).year, 1, 1) + 1);
       }},
      {"getDayOfWeek", {}, [](const Call& c) { return make_day_of_week(weekday(time(c.self).moment())); }},
      {"plusDays", {P::long_}, plus<days, 1>},
      {"plusWeeks", {P::long_}, plus<weeks, 1>},
      {"plusMonths", {P::long_}, plus<months, 1>},
      {"plusYears", {P::long_}, plus<years, 1>},
      {"minusDays", {P::long_}, plus<days, -1>},
      {"minusWeeks", {P::long_}, plus<weeks, -1>},
      {"minusMonths", {P::long_}, plus<months, -1>},
      {"minusYears", {P::long_}, plus<years, -1>},
      {"withYear",
       {P::int_},
       [](const Call& c) {
         return changed(c, [&](Civil& civil) {
           civil.year = c.integer(0);
           civil.day = std::min(civil.day, length_of_month(civil.year, civil.month));
         });
       }},
      {"withMonth",
       {P::int_},
       [](const Call& c) {
         return changed(c, [&](Civil& civil) {
           civil.month = c.integer(0);
           if (civil.month >= 1 && civil.month <= 12)
             civil.day = std::min(civil.day, length_of_month(civil.year, civil.month));
         });
       }},
      {"withDayOfMonth",
       {P::int_},
       [](const Call& c) { return changed(c, [&](Civil& civil) { civil.day = c.integer(0); }); }},
      {"withDayOfYear",
       {P::int_},
       [](const Call& c) {
         const std::int32_t wanted = c.integer(0);
         return changed(c, [&](Civil& civil) {
           if (wanted < 1 || wanted > (is_leap(civil.year) ? 366 : 365))
             throw bad_time("Invalid value for DayOfYear");
           civil = civil_from_days(days_from_civil(civil.year, 1, 1) + wanted - 1);
         });
       }},
      {"isBefore", {own}, [](const Call& c) { return Value(time(c.self).moment() < time(c[0]).moment()); }},
      {"isAfter", {own}, [](const Call& c) { return Value(time(c.self).moment() > time(c[0]).moment()); }},
      {"isEqual", {own}, [](const Call& c) { return Value(time(c.self).moment() == time(c[0]).moment()); }},
      {"plus",
       {P::long_, P::chrono_unit},
       [](const Call& c) { return plus_units(time(c.self), c.long_integer(0), c[1]); }},
      {"minus",
       {P::long_, P::chrono_unit},
       [](const Call& c) { return plus_units(time(c.self), -c.long_integer(0), c[1]); }},
      {"until",
       {own, P::chrono_unit},
       [](const Call& c) {
         return Value(units_between(*c[1].object_as<EnumObject>(), time(c.self), time(c[0])));
       }},
  };
  return with_common(std::move(methods));
}

std::vector<Method> make_local_date_methods() {
  std::vector<Method> methods = calendar_methods(P::local_date);
  const std::vector<Method> more{
      {"isLeapYear",
       {},
       [](const Call& c) { return Value(is_leap(civil_from_days(day_of(time(c.self).moment())).year)); }},
      {"lengthOfMonth",
       {},
       [](const Call& c) {
         const Civil civil = civil_from_days(day_of(time(c.self).moment()));
         return int_of(length_of_month(civil.year, civil.month));
       }},
      {"lengthOfYear",
       {},
       [](const Call& c) {
         return int_of(is_leap(civil_from_days(day_of(time(c.self).moment())).year) ? 366 : 365);
       }},
      {"toEpochDay", {}, [](const Call& c) { return Value(day_of(time(c.self).moment())); }},
      {"compareTo",
       {P::local_date},
       [](const Call& c) {
         const Civil a = civil_from_days(day_of(time(c.self).moment())),
                     b = civil_from_days(day_of(time(c[0]).moment()));
         return int_of(a.year != b.year     ? a.year - b.year
                       : a.month != b.month ? a.month - b.month
                                            : a.day - b.day);
       }},
      {"atStartOfDay", {}, [](const Call& c) { return make_time(Kind::date_time, time(c.self).moment()); }},
      {"atTime",
       {P::int_, P::int_},
       [](const Call& c) {
         if (c.integer(0) < 0 || c.integer(0) > 23 || c.integer(1) < 0 || c.integer(1) > 59)
           throw bad_time("Invalid value for a time of day");
         return make_time(Kind::date_time,
                          plus_seconds(time(c.self).moment(), c.integer(0) * 3600 + c.integer(1) * 60));
       }},
  };
  methods.insert(methods.end(), more.begin(), more.end());
  return methods;
}

std::vector<Method> clock_methods() {
  return {
      {"getHour", {}, [](const Call& c) { return int_of(second_of_day(time(c.self).moment()) / 3600); }},
      {"getMinute", {}, [](const Call& c) { return int_of(second_of_day(time(c.self).moment()) / 60 % 60); }},
      {"getSecond", {}, [](const Call& c) { return int_of(second_of_day(time(c.self).moment()) % 60); }},
      {"getNano", {}, [](const Call& c) { return int_of(time(c.self).moment().nanos); }},
      {"plusHours", {P::long_}, plus<hours, 1>},
      {"plusMinutes", {P::long_}, plus<minutes, 1>},
      {"plusSeconds", {P::long_}, plus<seconds, 1>},
      {"plusNanos", {P::long_}, plus<nanos, 1>},
      {"minusHours", {P::long_}, plus<hours, -1>},
      {"minusMinutes", {P::long_}, plus<minutes, -1>},
      {"minusSeconds", {P::long_}, plus<seconds, -1>},
      {"minusNanos", {P::long_}, plus<nanos, -1>},
      {"truncatedTo", {P::chrono_unit}, [](const Call& c) { return truncated(time(c.self), c[0]); }},
      {"toLocalDate",
       {},
       [](const Call& c) {
         return make_time(Kind::date, {day_of(time(c.self).moment()) * day_seconds, 0});
       }},
      {"compareTo",
       {P::local_date_time},
       [](const Call& c) { return int_of(*time(c.self).compare(time(c[0]))); }},
      {"withHour",
       {P::int_},
       [](const Call& c) {
         if (c.integer(0) < 0 || c.integer(0) > 23) throw bad_time("Invalid value for HourOfDay");
         const Moment m = time(c.self).moment();
         return make_time(Kind::date_time, plus_seconds(m, (c.integer(0) - second_of_day(m) / 3600) * 3600));
       }},
      {"withMinute",
       {P::int_},
       [](const Call& c) {
         if (c.integer(0) < 0 || c.integer(0) > 59) throw bad_time("Invalid value for MinuteOfHour");
         const Moment m = time(c.self).moment();
         return make_time(Kind::date_time, plus_seconds(m, (c.integer(0) - second_of_day(m) / 60 % 60) * 60));
       }},
      {"withSecond",
       {P::int_},
       [](const Call& c) {
         if (c.integer(0) < 0 || c.integer(0) > 59) throw bad_time("Invalid value for SecondOfMinute");
         const Moment m = time(c.self).moment();
         return make_time(Kind::date_time, plus_seconds(m, c.integer(0) - second_of_day(m) % 60));
       }},
      {"withNano",
       {P::int_},
       [](const Call& c) {
         return make_time(Kind::date_time, {time(c.self).moment().seconds, c.integer(0)});
       }},
  };
}

std::vector<Method> make_local_date_time_methods() {
  std::vector<Method> methods = calendar_methods(P::local_date_time);
  for (Method& method : clock_methods()) methods.push_back(std::move(method));
  return methods;
}

std::vector<Method> make_instant_methods() {
  return with_common({
      {"getEpochSecond", {}, [](const Call& c) { return Value(time(c.self).moment().seconds); }},
      {"getNano", {}, [](const Call& c) { return int_of(time(c.self).moment().nanos); }},
      {"toEpochMilli",
       {},
       [](const Call& c) {
         return Value(time(c.self).moment().seconds * 1000 + time(c.self).moment().nanos / 1'000'000);
       }},
      {"plusSeconds", {P::long_}, plus<seconds, 1>},
      {"plusMillis", {P::long_}, plus<millis, 1>},
      {"plusNanos", {P::long_}, plus<nanos, 1>},
      {"minusSeconds", {P::long_}, plus<seconds, -1>},
      {"minusMillis", {P::long_}, plus<millis, -1>},
      {"minusNanos", {P::long_}, plus<nanos, -1>},
      {"plus",
       {P::long_, P::chrono_unit},
       [](const Call& c) { return plus_units(time(c.self), c.long_integer(0), c[1]); }},
      {"minus",
       {P::long_, P::chrono_unit},
       [](const Call& c) { return plus_units(time(c.self), -c.long_integer(0), c[1]); }},
      {"until",
       {P::instant, P::chrono_unit},
       [](const Call& c) {
         return Value(units_between(*c[1].object_as<EnumObject>(), time(c.self), time(c[0])));
       }},
      {"truncatedTo", {P::chrono_unit}, [](const Call& c) { return truncated(time(c.self), c[0]); }},
      {"isBefore",
       {P::instant},
       [](const Call& c) { return Value(time(c.self).moment() < time(c[0]).moment()); }},
      {"isAfter",
       {P::instant},
       [](const Call& c) { return Value(time(c.self).moment() > time(c[0]).moment()); }},
      {"compareTo", {P::instant}, [](const Call& c) { return int_of(*time(c.self).compare(time(c[0]))); }},
  });
}

Value weekday_plus(const Call& c, std::int64_t by) {
  const std::int64_t at = c.self.object_as<EnumObject>()->ordinal() + by % 7;
  return make_day_of_week(static_cast<int>((at % 7 + 7) % 7) + 1);
}

std::vector<Method> make_enum_methods(bool of_days) {
  std::vector<Method> methods{
      {"name", {}, [](const Call& c) { return Value::text(c.self.object_as<EnumObject>()->name()); }},
      {"ordinal", {}, [](const Call& c) { return int_of(c.self.object_as<EnumObject>()->ordinal()); }},
      {"compareTo",
       {of_days ? P::day_of_week : P::chrono_unit},
       [](const Call& c) { return int_of(c.self.object()->compare(*c[0].object()).value_or(0)); }},
  };
  if (of_days) {
    methods.push_back({"getValue", {}, [](const Call& c) {
                         return int_of(c.self.object_as<EnumObject>()->ordinal() + 1);
                       }});
    methods.push_back({"plus", {P::long_}, [](const Call& c) { return weekday_plus(c, c.long_integer(0)); }});
    methods.push_back(
        {"minus", {P::long_}, [](const Call& c) { return weekday_plus(c, -(c.long_integer(0) % 7)); }});
  } else {
    const auto between = [](const Call& c) {
      return Value(units_between(*c.self.object_as<EnumObject>(), time(c[0]), time(c[1])));
    };
    for (const P kind : {P::local_date, P::local_date_time, P::instant})
      methods.push_back({"between", {kind, kind}, between});
    methods.push_back({"isDateBased", {}, [](const Call& c) {
                         const int at = c.self.object_as<EnumObject>()->ordinal();
                         return Value(at >= days && at != forever);
                       }});
    methods.push_back({"isTimeBased", {}, [](const Call& c) {
                         return Value(c.self.object_as<EnumObject>()->ordinal() < days);
                       }});
  }
  return with_common(std::move(methods));
}

std::vector<Method> make_uuid_methods() {
  return with_common({
      {"version",
       {},
       [](const Call& c) { return int_of(c.self.object_as<UuidObject>()->most() >> 12 & 0xf); }},
      {"variant", {}, [](const Call& c) { return int_of(c.self.object_as<UuidObject>()->least() >> 62); }},
      {"getMostSignificantBits",
       {},
       [](const Call& c) {
         return Value(static_cast<std::int64_t>(c.self.object_as<UuidObject>()->most()));
       }},
      {"getLeastSignificantBits",
       {},
       [](const Call& c) {
         return Value(static_cast<std::int64_t>(c.self.object_as<UuidObject>()->least()));
       }},
      {"compareTo",
       {P::uuid},
       [](const Call& c) { return int_of(c.self.object()->compare(*c[0].object()).value_or(0)); }},
  });
}

const RandomObject& random(const Call& c) {
  return *c.self.object_as<RandomObject>();
}

std::vector<Method> make_random_methods() {
  return with_common({
      {"nextInt", {}, [](const Call& c) { return Value(random(c).next(32)); }},
      {"nextInt", {P::int_}, [](const Call& c) { return Value(random(c).next_int(c.integer(0))); }},
      {"nextLong", {}, [](const Call& c) { return Value(random(c).next_long()); }},
      {"nextBoolean", {}, [](const Call& c) { return Value(random(c).next(1) != 0); }},
      {"nextDouble", {}, [](const Call& c) { return Value(random(c).next_double()); }},
      {"nextFloat",
       {},
       [](const Call& c) { return Value(static_cast<float>(random(c).next(24)) * 0x1.0p-24f); }},
      {"nextGaussian", {}, [](const Call& c) { return Value(random(c).next_gaussian()); }},
  });
}

std::vector<Method> make_format_methods() {
  return with_common({
      {"format",
       {P::date},
       [](const Call& c) {
         return Value::text(c.self.object_as<DateFormatObject>()->format(date(c[0]).millis()));
       }},
      {"format",
       {P::object},
       [](const Call& c) {
         const auto* format = c.self.object_as<DateFormatObject>();
         if (c[0].is_number()) return Value::text(format->format(as_long(c[0])));
         throw java("IllegalArgumentException", "Cannot format given Object as a Date");
       }},
      {"parse",
       {P::string},
       [](const Call& c) { return make_date(c.self.object_as<DateFormatObject>()->parse(c.text(0))); }},
      {"toPattern",
       {},
       [](const Call& c) { return Value::text(c.self.object_as<DateFormatObject>()->pattern()); }},
  });
}

// ---- Static methods and constructors ----

Moment moment_of_millis(std::int64_t ms) {
  const std::int64_t second = floor_div(ms, 1000);
  return {second, static_cast<std::int32_t>((ms - second * 1000) * 1'000'000)};
}

template <Kind kind>
Value now(const Call& c) {
  const Moment moment = moment_of_millis(c.around.now_millis);
  return make_time(kind, kind == Kind::date ? Moment{day_of(moment) * day_seconds, 0} : moment);
}

template <Kind kind>
Value parse_time(const Call& c) {
  return read(kind, c.text(0));
}

Moment of_day(const Call& c) {
  return {Reader::checked_day(c.integer(0), c.integer(1), c.integer(2)) * day_seconds, 0};
}

Value date_time_of(const Call& c) {
  const std::int32_t second = c.arguments.size() > 5 ? c.integer(5) : 0,
                     nano = c.arguments.size() > 6 ? c.integer(6) : 0;
  if (c.integer(3) < 0 || c.integer(3) > 23 || c.integer(4) < 0 || c.integer(4) > 59 || second < 0 ||
      second > 59)
    throw bad_time("Invalid value for a time of day");
  return make_time(Kind::date_time,
                   plus_seconds(of_day(c), c.integer(3) * 3600 + c.integer(4) * 60 + second, nano));
}

std::vector<Method> make_local_date_statics() {
  return {
      {"parse", {P::char_sequence}, parse_time<Kind::date>},
      {"now", {}, now<Kind::date>},
      {"of", {P::int_, P::int_, P::int_}, [](const Call& c) { return make_time(Kind::date, of_day(c)); }},
      {"ofEpochDay",
       {P::long_},
       [](const Call& c) { return make_time(Kind::date, plus_scaled({}, c.long_integer(0), day_seconds)); }},
      {"ofYearDay",
       {P::int_, P::int_},
       [](const Call& c) {
         if (c.integer(1) < 1 || c.integer(1) > (is_leap(c.integer(0)) ? 366 : 365))
           throw bad_time("Invalid value for DayOfYear");
         return make_time(Kind::date,
                          {(days_from_civil(c.integer(0), 1, 1) + c.integer(1) - 1) * day_seconds, 0});
       }},
  };
}

std::vector<Method> make_local_date_time_statics() {
  return {
      {"parse", {P::char_sequence}, parse_time<Kind::date_time>},
      {"now", {}, now<Kind::date_time>},
      {"of", {P::int_, P::int_, P::int_, P::int_, P::int_}, date_time_of},
      {"of", {P::int_, P::int_, P::int_, P::int_, P::int_, P::int_}, date_time_of},
      {"of", {P::int_, P::int_, P::int_, P::int_, P::int_, P::int_, P::int_}, date_time_of},
  };
}

std::vector<Method> make_instant_statics() {
  return {
      {"parse", {P::char_sequence}, parse_time<Kind::instant>},
      {"now", {}, now<Kind::instant>},
      {"ofEpochMilli",
       {P::long_},
       [](const Call& c) { return make_time(Kind::instant, moment_of_millis(c.long_integer(0))); }},
      {"ofEpochSecond",
       {P::long_},
       [](const Call& c) { return make_time(Kind::instant, plus_seconds({}, c.long_integer(0))); }},
      {"ofEpochSecond",
       {P::long_, P::long_},
       [](const Call& c) {
         return make_time(Kind::instant, plus_seconds({}, c.long_integer(0), c.long_integer(1)));
       }},
  };
}

std::vector<Method> make_day_of_week_statics() {
  return {
      {"of",
       {P::int_},
       [](const Call& c) {
         if (c.integer(0) < 1 || c.integer(0) > 7)
           throw bad_time(fmt::format("Invalid value for DayOfWeek: {}", c.integer(0)));
         return make_day_of_week(c.integer(0));
       }},
      {"valueOf", {P::string}, [](const Call& c) { return time_of_text(c.text(0), P::day_of_week); }},
      {"values",
       {},
       [](const Call&) {
         std::vector<Value> all;
         for (int day = 1; day <= 7; ++day) all.push_back(make_day_of_week(day));
         return Value(Sequence::array("DayOfWeek", std::move(all)));
       }},
      {"from", {P::local_date}, [](const Call& c) { return make_day_of_week(weekday(time(c[0]).moment())); }},
      {"from",
       {P::local_date_time},
       [](const Call& c) { return make_day_of_week(weekday(time(c[0]).moment())); }},
  };
}

std::vector<Method> make_chrono_unit_statics() {
  return {{"valueOf", {P::string}, [](const Call& c) { return time_of_text(c.text(0), P::chrono_unit); }}};
}

Value uuid(std::uint64_t most, std::uint64_t least) {
  return Value(ObjectPtr(std::make_shared<UuidObject>(most, least)));
}

Value name_uuid(const Call& c) {
  std::string bytes;
  for (const Value& byte : c.sequence(0)->items()) bytes += static_cast<char>(as_int(byte));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_md5(), nullptr);
  const auto eight = [&](std::size_t from) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8 | digest[from + i];
    return value;
  };
  return uuid((eight(0) & ~0xf000ULL) | 0x3000, (eight(8) & ~(3ULL << 62)) | 2ULL << 62);
}

std::vector<Method> make_uuid_statics() {
  return {
      {"randomUUID",
       {},
       [](const Call& c) {
         const std::uint64_t most = c.around.draw(), least = c.around.draw();
         return uuid((most & ~0xf000ULL) | 0x4000, (least & ~(3ULL << 62)) | 2ULL << 62);
       }},
      {"fromString", {P::string}, [](const Call& c) { return time_of_text(c.text(0), P::uuid); }},
      {"nameUUIDFromBytes", {P::bytes}, name_uuid},
  };
}

/// application/x-www-form-urlencoded.
Value url_encoded(std::string_view text, std::string_view charset) {
  const std::string name = to_lower(charset);
  if (name != "utf-8" && name != "utf8" && name != "us-ascii" && name != "iso-8859-1")
    throw java("UnsupportedEncodingException", std::string(charset));
  std::string out;
  for (const char32_t point : to_points(text)) {
    std::string bytes;
    if (name.starts_with("utf")) {
      append_code_point(bytes, point >= 0xd800 && point < 0xe000 ? U'?' : point);
    } else {
      bytes = static_cast<char>(point < (name == "us-ascii" ? 0x80 : 0x100) ? point : U'?');
    }
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == ' ') {
        out += '+';
      } else if (byte < 0x80 &&
                 (std::isalnum(byte) || std::string_view(".-*_").find(c) != std::string_view::npos)) {
        out += c;
      } else {
        out += fmt::format("%{:02X}", byte);
      }
    }
  }
  return Value::text(out);
}

std::vector<Method> make_url_encoder_statics() {
  return {
      {"encode", {P::string}, [](const Call& c) { return url_encoded(c.text(0), "UTF-8"); }},
      {"encode", {P::string, P::charset}, [](const Call& c) { return url_encoded(c.text(0), c.text(1)); }},
      {"encode", {P::string, P::string}, [](const Call& c) { return url_encoded(c.text(0), c.text(1)); }},
  };
}

}  // namespace

Methods time_methods(const Object& object) {
  static const std::vector<Method> of_dates = make_date_methods(), of_local_dates = make_local_date_methods(),
                                   of_date_times = make_local_date_time_methods(),
                                   of_instants = make_instant_methods(), of_days = make_enum_methods(true),
                                   of_units = make_enum_methods(false), of_uuids = make_uuid_methods(),
                                   of_randoms = make_random_methods(), of_formats = make_format_methods();
  if (dynamic_cast<const DateObject*>(&object)) return of_dates;
  if (dynamic_cast<const UuidObject*>(&object)) return of_uuids;
  if (dynamic_cast<const RandomObject*>(&object)) return of_randoms;
  if (dynamic_cast<const DateFormatObject*>(&object)) return of_formats;
  if (const auto* time = dynamic_cast<const TimeObject*>(&object))
    return time->kind() == Kind::date      ? of_local_dates
           : time->kind() == Kind::instant ? of_instants
                                           : of_date_times;
  if (const auto* constant = dynamic_cast<const EnumObject*>(&object))
    return constant->kind() == EnumObject::Kind::day_of_week ? of_days : of_units;
  return {};
}

Methods static_time_methods(std::string_view name) {
  static const std::vector<Method> local_date = make_local_date_statics(),
                                   date_time = make_local_date_time_statics(),
                                   instant = make_instant_statics(), day_of_week = make_day_of_week_statics(),
                                   unit = make_chrono_unit_statics(), uuids = make_uuid_statics(),
                                   encoder = make_url_encoder_statics();
  if (name == "java.time.LocalDate") return local_date;
  if (name == "java.time.LocalDateTime") return date_time;
  if (name == "java.time.Instant") return instant;
  if (name == "java.time.DayOfWeek") return day_of_week;
  if (name == "java.time.temporal.ChronoUnit") return unit;
  if (name == "java.util.UUID") return uuids;
  if (name == "java.net.URLEncoder") return encoder;
  return {};
}

}  // namespace gennaker::expressions
