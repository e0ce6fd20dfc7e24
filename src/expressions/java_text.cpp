#include "expressions/java_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cwctype>
#include <limits>
#include <locale.h>

namespace gennaker::expressions {
namespace {

/// The shortest digits that give the number back, laid out as Java does: plain from 0.001 to below 10^7, else
/// with an exponent.
template <class Real>
std::string layout(Real number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  if (number == 0) return std::signbit(number) ? "-0.0" : "0.0";
  std::array<char, 64> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific).ptr;
  const std::string_view written(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t mark = written.find('e');
  std::string digits;
  for (const char c : written.substr(0, mark)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  int exponent = 0;
  std::string_view power = written.substr(mark + 1);
  if (power.front() == '+') power.remove_prefix(1);
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  const std::string sign = number < 0 ? "-" : "";
  if (exponent >= 7 || exponent < -3) {
    const std::string fraction = digits.size() > 1 ? digits.substr(1) : "0";
    return sign + digits[0] + "." + fraction + "E" + std::to_string(exponent);
  }
  if (exponent < 0) return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() < whole) digits.append(whole - digits.size(), '0');
  const std::string fraction = digits.size() > whole ? digits.substr(whole) : "0";
  return sign + digits.substr(0, whole) + "." + fraction;
}

/// The value of a digit in any script whose digits stand in a row of ten; -1: none.
int digit_value(char32_t point) {
  if (point >= U'0' && point <= U'9') return static_cast<int>(point - U'0');
  static constexpr std::array<char32_t, 20> zeros{0x660, 0x6f0,  0x7c0,  0x966,  0x9e6,  0xa66, 0xae6,
                                                  0xb66, 0xbe6,  0xc66,  0xce6,  0xd66,  0xe50, 0xed0,
                                                  0xf20, 0x1040, 0x17e0, 0x1810, 0xa620, 0xff10};
  for (const char32_t zero : zeros) {
    if (point >= zero && point < zero + 10) return static_cast<int>(point - zero);
  }
  return -1;
}

template <class Real>
std::optional<Real> parse_real(std::string_view text) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  bool negative = false;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const auto with_sign = [negative](Real number) { return negative ? -number : number; };
  if (text == "NaN") return std::numeric_limits<Real>::quiet_NaN();
  if (text == "Infinity") return with_sign(std::numeric_limits<Real>::infinity());
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (!text.empty() && std::string_view("dDfF").find(text.back()) != std::string_view::npos &&
      (!hexadecimal || text.find_first_of("pP") != std::string_view::npos)) {
    text.remove_suffix(1);
  }
  if (hexadecimal) {
    text.remove_prefix(2);
    if (text.find_first_of("pP") == std::string_view::npos) return std::nullopt;
  }
  if (text.empty() || !(std::isxdigit(static_cast<unsigned char>(text.front())) || text.front() == '.'))
    return std::nullopt;
  if (!hexadecimal && std::isalpha(static_cast<unsigned char>(text.front()))) return std::nullopt;
  // from_chars takes no sign in front of an exponent's plus; Java does.
  std::string digits(text);
  Real number{};
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number,
                                      hexadecimal ? std::chars_format::hex : std::chars_format::general);
  if (result.ptr != digits.data() + digits.size()) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range) {
    const std::size_t power = digits.find_first_of("eEpP");
    const bool tiny = power != std::string::npos && digits.compare(power + 1, 1, "-") == 0;
    return with_sign(tiny ? Real{0} : std::numeric_limits<Real>::infinity());
  }
  if (result.ec != std::errc()) return std::nullopt;
  return with_sign(number);
}

/// A locale that knows Unicode's cases, whatever the process's own is.
locale_t unicode_locale() {
  static const locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return made;
}

bool is_surrogate(char32_t point) {
  return point >= 0xd800 && point < 0xe000;
}

/// Reads one code point at `at` and moves on; damaged bytes count as themselves.
char32_t next_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : std::uint32_t{0};
  };
  const std::uint32_t first = byte(at);
  std::size_t length = 1;
  char32_t point = first;
  if (first >= 0xf0) {
    length = 4;
    point = first & 0x07;
  } else if (first >= 0xe0) {
    length = 3;
    point = first & 0x0f;
  } else if (first >= 0xc0) {
    length = 2;
    point = first & 0x1f;
  }
  for (std::size_t i = 1; i < length; ++i) point = point << 6 | (byte(at + i) & 0x3f);
  at = std::min(at + length, text.size());
  return point;
}

template <class Each>
void for_each_point(std::string_view text, Each each) {
  for (std::size_t at = 0; at < text.size();) each(next_point(text, at));
}

}  // namespace

std::string java_text(double number) {
  return layout(number);
}
std::string java_text(float number) {
  return layout(number);
}

std::optional<std::int64_t> parse_integer(std::string_view text, int radix, std::int64_t lowest,
                                          std::int64_t highest) {
  std::u32string points = to_points(text);
  std::u32string_view digits = points;
  bool negative = false;
  if (!digits.empty() && (digits.front() == U'+' || digits.front() == U'-')) {
    negative = digits.front() == U'-';
    digits.remove_prefix(1);
  }
  if (digits.empty()) return std::nullopt;
  std::int64_t number = 0;
  for (const char32_t point : digits) {
    int value = digit_value(point);
    if (value < 0 && point >= U'a' && point <= U'z') value = static_cast<int>(point - U'a') + 10;
    if (value < 0 && point >= U'A' && point <= U'Z') value = static_cast<int>(point - U'A') + 10;
    if (value < 0 || value >= radix) return std::nullopt;
    // Below zero there is room for one more.
    if (__builtin_mul_overflow(number, radix, &number) || __builtin_sub_overflow(number, value, &number))
      return std::nullopt;
  }
  if (!negative && __builtin_sub_overflow(std::int64_t{0}, number, &number)) return std::nullopt;
  if (number < lowest || number > highest) return std::nullopt;
  return number;
}

std::optional<double> parse_double(std::string_view text) {
  return parse_real<double>(text);
}
std::optional<float> parse_float(std::string_view text) {
  return parse_real<float>(text);
}

std::string to_radix(std::uint64_t number, int radix) {
  std::array<char, 65> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, radix).ptr;
  return {buffer.data(), end};
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::u16string to_units(std::string_view text) {
  std::u16string units;
  units.reserve(text.size());
  for_each_point(text, [&](char32_t point) {
    if (point < 0x10000) {
      units += static_cast<char16_t>(point);
    } else {
      units += static_cast<char16_t>(0xd800 + ((point - 0x10000) >> 10));
      units += static_cast<char16_t>(0xdc00 + ((point - 0x10000) & 0x3ff));
    }
  });
  return units;
}

std::string from_units(std::u16string_view units) {
  std::string text;
  text.reserve(units.size());
  for (std::size_t i = 0; i < units.size(); ++i) {
    const char16_t unit = units[i];
    const bool pair = unit >= 0xd800 && unit < 0xdc00 && i + 1 < units.size() && units[i + 1] >= 0xdc00 &&
                      units[i + 1] < 0xe000;
    if (pair) {
      const char32_t high = unit - 0xd800u, low = units[++i] - 0xdc00u;
      append_code_point(text, 0x10000 + (high << 10) + low);
    } else {
      append_code_point(text, unit);
    }
  }
  return text;
}

std::size_t count_units(std::string_view text) {
  std::size_t count = 0;
  for_each_point(text, [&](char32_t point) { count += point < 0x10000 ? 1 : 2; });
  return count;
}

void append_code_point(std::string& out, char32_t point) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6);
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

std::u32string to_points(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  for_each_point(text, [&](char32_t point) { points += point; });
  return points;
}

std::string from_points(std::u32string_view points) {
  std::string text;
  for (const char32_t point : points) append_code_point(text, point);
  return text;
}

std::string to_wire(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::string wire;
  for_each_point(text, [&](char32_t point) { append_code_point(wire, is_surrogate(point) ? U'?' : point); });
  return wire;
}

namespace {

/// How many bytes of a well-formed character the text begins with; 0: it begins with none.
std::size_t well_formed(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : std::uint32_t{0};
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::uint32_t lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const std::uint32_t highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < lowest || byte(1) > highest) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::string from_wire(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = well_formed(bytes);
    if (length == 0) {
      text += "\xef\xbf\xbd";
    } else {
      text += bytes.substr(0, length);
    }
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

char32_t lower_case(char32_t point) {
  return static_cast<char32_t>(towlower_l(static_cast<wint_t>(point), unicode_locale()));
}
char32_t upper_case(char32_t point) {
  return static_cast<char32_t>(towupper_l(static_cast<wint_t>(point), unicode_locale()));
}

std::string to_lower(std::string_view text) {
  std::string out;
  for_each_point(text, [&](char32_t point) {
    if (point == 0x130) {  // capital I with a dot: the dot stays, as a mark of its own
      out += "i\xcc\x87";
    } else {
      append_code_point(out, lower_case(point));
    }
  });
  return out;
}

std::string to_upper(std::string_view text) {
  struct Special {
    char32_t point;
    const char* upper;
  };
  static constexpr std::array<Special, 12> specials{{{0xdf, "SS"},
                                                     {0x149, "\xca\xbcN"},
                                                     {0x1f0, "J\xcc\x8c"},
                                                     {0x587, "\xd4\xb5\xd5\x92"},
                                                     {0xfb00, "FF"},
                                                     {0xfb01, "FI"},
                                                     {0xfb02, "FL"},
                                                     {0xfb03, "FFI"},
                                                     {0xfb04, "FFL"},
                                                     {0xfb05, "ST"},
                                                     {0xfb06, "ST"},
                                                     {0x1e9e, "\xe1\xba\x9e"}}};
  std::string out;
  for_each_point(text, [&](char32_t point) {
    for (const Special& special : specials) {
      if (special.point != point) continue;
      out += special.upper;
      return;
    }
    append_code_point(out, upper_case(point));
  });
  return out;
}

bool is_java_letter(char32_t point) {
  return iswalpha_l(static_cast<wint_t>(point), unicode_locale()) != 0 && digit_value(point) < 0;
}

bool is_white_space(char32_t point) {
  if ((point >= 0x9 && point <= 0xd) || (point >= 0x1c && point <= 0x20)) return true;
  return point == 0x1680 || (point >= 0x2000 && point <= 0x200a && point != 0x2007) || point == 0x2028 ||
         point == 0x2029 || point == 0x205f || point == 0x3000;
}

}  // namespace gennaker::expressions
