#pragma once

#include <chrono>

#include "expressions/convert.h"
#include "expressions/value.h"

/// Dates, times and what goes with them. The calendar is the proleptic Gregorian one, the zone UTC.
namespace gennaker::expressions {

using Millis = std::chrono::milliseconds;
using Nanos = std::chrono::nanoseconds;

/// java.util.Date.
class DateObject final : public Object {
 public:
  explicit DateObject(std::int64_t millis) : millis_(millis) {}
  std::int64_t millis() const { return millis_; }
  std::string_view type() const override { return "Date"; }
  std::string text() const override;
  bool converts_to_text() const override { return true; }
  bool equals(const Object& other) const override;
  std::optional<int> compare(const Object& other) const override;
  json::value to_json() const override { return millis_; }

 private:
  std::int64_t millis_;
};

/// A moment on the line: seconds since 1970 and nanoseconds within.
struct Moment {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  auto operator<=>(const Moment&) const = default;
};

/// java.time.Instant, LocalDateTime (a moment read as UTC) and LocalDate (at its midnight).
class TimeObject final : public Object {
 public:
  enum class Kind : std::uint8_t { instant, date, date_time };
  TimeObject(Kind kind, Moment moment) : moment_(moment), kind_(kind) {}
  Kind kind() const { return kind_; }
  Moment moment() const { return moment_; }
  std::string_view type() const override;
  std::string text() const override;
  bool equals(const Object& other) const override;
  std::optional<int> compare(const Object& other) const override;

 private:
  Moment moment_;
  Kind kind_;
};

/// A constant of an enum: DayOfWeek (1 is MONDAY), ChronoUnit.
class EnumObject final : public Object {
 public:
  enum class Kind : std::uint8_t { day_of_week, chrono_unit };
  EnumObject(Kind kind, int ordinal) : ordinal_(ordinal), kind_(kind) {}
  Kind kind() const { return kind_; }
  int ordinal() const { return ordinal_; }
  std::string name() const;
  std::string_view type() const override;
  std::string text() const override;
  bool converts_to_text() const override { return true; }
  bool equals(const Object& other) const override;
  std::optional<int> compare(const Object& other) const override;

 private:
  int ordinal_;
  Kind kind_;
};

/// 128 bits.
class UuidObject final : public Object {
 public:
  UuidObject(std::uint64_t most, std::uint64_t least) : most_(most), least_(least) {}
  std::uint64_t most() const { return most_; }
  std::uint64_t least() const { return least_; }
  std::string_view type() const override { return "UUID"; }
  std::string text() const override;
  bool converts_to_text() const override { return true; }
  bool equals(const Object& other) const override;
  std::optional<int> compare(const Object& other) const override;

 private:
  std::uint64_t most_, least_;
};

/// java.text.SimpleDateFormat with a pattern that was checked.
class DateFormatObject final : public Object {
 public:
  /// Throws Failure for an unknown letter or an open quote.
  explicit DateFormatObject(std::string pattern);
  const std::string& pattern() const { return pattern_; }
  std::string format(std::int64_t millis) const;
  /// Throws Failure.
  std::int64_t parse(std::string_view text) const;
  std::string_view type() const override { return "SimpleDateFormat"; }
  std::string text() const override;
  bool converts_to_text() const override { return true; }

 private:
  struct Part {
    char letter = 0;  ///< 0: literal
    int count = 0;
    std::string literal;
  };
  std::string pattern_;
  std::vector<Part> parts_;
};

/// java.util.Random: its 48-bit generator, which must give the same numbers.
class RandomObject final : public Object {
 public:
  explicit RandomObject(std::int64_t seed)
      : state_((static_cast<std::uint64_t>(seed) ^ 0x5DEECE66DULL) & ((1ULL << 48) - 1)) {}
  std::string_view type() const override { return "Random"; }
  std::int32_t next(int bits) const;
  std::int32_t next_int(std::int32_t bound) const;
  std::int64_t next_long() const;
  double next_double() const;
  double next_gaussian() const;

 private:
  mutable std::uint64_t state_;
  mutable std::optional<double> spare_;
};

Value make_date(std::int64_t millis);
Value make_time(TimeObject::Kind kind, Moment moment);
Value make_day_of_week(int from_one);

Parameter time_parameter(const Object& object);
/// A UUID or an enum's constant by its text. Throws Failure.
Value time_of_text(std::string_view text, Parameter parameter);

/// Days since 1970-01-01 and back.
std::int64_t days_from_civil(std::int64_t year, int month, int day);
struct Civil {
  std::int64_t year = 1970;
  int month = 1, day = 1;
};
Civil civil_from_days(std::int64_t days);
bool is_leap(std::int64_t year);
int length_of_month(std::int64_t year, int month);

}  // namespace gennaker::expressions
