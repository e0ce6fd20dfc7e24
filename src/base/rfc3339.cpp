#include "base/rfc3339.h"

namespace gennaker::base {
namespace {

/// Reads a text from left to right; once something does not fit, nothing does.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  /// Exactly `digits` of them.
  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) value = value * 10 + digit();
    return value;
  }
  bool has(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) { good_ = has(c) && good_; }
  /// What follows the seconds' point.
  std::chrono::milliseconds fraction() {
    int value = 0, unit = 100;
    do {
      value += digit() * unit;
      unit /= 10;
    } while (is_digit());
    return std::chrono::milliseconds(value);
  }
  bool at_end() const { return good_ && rest_.empty(); }

 private:
  bool is_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  int digit() {
    good_ = good_ && is_digit();
    if (!good_) return 0;
    const int value = rest_.front() - '0';
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  bool good_ = true;
};

std::chrono::minutes read_offset(Reader& reader) {
  if (reader.has('Z') || reader.has('z')) return {};
  const bool west = reader.has('-');
  if (!west) reader.expect('+');
  const std::chrono::hours hours(reader.number(2));
  reader.expect(':');
  const std::chrono::minutes offset = hours + std::chrono::minutes(reader.number(2));
  return west ? -offset : offset;
}

}  // namespace

std::optional<TimePoint> parse_rfc3339(std::string_view text) {
  Reader reader(text);
  const std::chrono::year year(reader.number(4));
  reader.expect('-');
  const std::chrono::month month(static_cast<unsigned>(reader.number(2)));
  reader.expect('-');
  const std::chrono::day day(static_cast<unsigned>(reader.number(2)));
  if (!reader.has('t') && !reader.has(' ')) reader.expect('T');
  const std::chrono::hours hours(reader.number(2));
  reader.expect(':');
  const std::chrono::minutes minutes(reader.number(2));
  reader.expect(':');
  const std::chrono::seconds seconds(reader.number(2));
  const auto fraction = reader.has('.') ? reader.fraction() : std::chrono::milliseconds(0);
  const auto offset = read_offset(reader);
  const std::chrono::year_month_day date(year, month, day);
  const bool in_day = hours.count() < 24 && minutes.count() < 60 && seconds.count() <= 60;
  if (!reader.at_end() || !date.ok() || !in_day) return std::nullopt;
  return std::chrono::sys_days(date) + hours + minutes + seconds + fraction - offset;
}

}  // namespace gennaker::base
