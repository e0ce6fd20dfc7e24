#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "base/text.h"
#include "expressions/failure.h"
#include "expressions/java_text.h"
#include "expressions/methods.h"

namespace gennaker::expressions {
namespace {

/// %[argument$][flags][width][.precision]conversion
struct Specifier {
  std::size_t argument = 0;  ///< from 1; 0: the next one
  bool relative = false;     ///< %<s: the one before
  std::string flags;
  std::optional<int> width, precision;
  char conversion = 0;
  std::string written;

  bool has(char flag) const { return flags.find(flag) != std::string::npos; }
};

Failure wrong_conversion(const Specifier& specifier, const Value& value) {
  return java("IllegalFormatConversionException",
              fmt::format("{} != {}", specifier.conversion, type_name(value)));
}

void refuse_flags(const Specifier& specifier, std::string_view flags) {
  for (const char flag : flags) {
    if (specifier.has(flag))
      throw java("FormatFlagsConversionMismatchException",
                 fmt::format("Conversion = {}, Flags = {}", specifier.conversion, flag));
  }
}

/// Puts commas between thousands of the leading digits.
std::string grouped(std::string digits) {
  std::size_t end = digits.find_first_not_of("0123456789");
  if (end == std::string::npos) end = digits.size();
  for (std::size_t at = end; at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

/// Sign, groups, brackets and zeros around the digits of a number.
std::string with_sign(const Specifier& specifier, bool negative, std::string digits) {
  if (specifier.has(',')) digits = grouped(std::move(digits));
  std::string before, after;
  if (negative) {
    before = specifier.has('(') ? "(" : "-";
    after = specifier.has('(') ? ")" : "";
  } else if (specifier.has('+')) {
    before = "+";
  } else if (specifier.has(' ')) {
    before = " ";
  }
  if (specifier.has('0') && specifier.width) {
    const std::size_t taken = before.size() + digits.size() + after.size();
    const auto width = static_cast<std::size_t>(*specifier.width);
    if (taken < width) digits.insert(0, width - taken, '0');
  }
  return before + digits + after;
}

std::string whole(const Specifier& specifier, const Value& value) {
  if (!value.is_integer()) throw wrong_conversion(specifier, value);
  const BigInteger number = as_big(value);
  if (specifier.conversion == 'd') return with_sign(specifier, number < 0, BigInteger(abs(number)).str());
  const int radix = specifier.conversion == 'o' ? 8 : 16;
  const std::string before = !specifier.has('#') ? "" : radix == 8 ? "0" : "0x";
  if (value.big()) {
    const BigInteger size = abs(number);
    const std::string digits = size.str(0, radix == 8 ? std::ios_base::oct : std::ios_base::hex);
    return with_sign(specifier, number < 0, before + base::lower_case(digits));
  }
  refuse_flags(specifier, "( +");
  // Negative numbers show their bits, in the width of their type.
  std::uint64_t bits = static_cast<std::uint64_t>(as_long(value));
  if (value.get<std::int32_t>()) bits &= 0xffffffff;
  if (value.get<std::int16_t>()) bits &= 0xffff;
  if (value.get<std::int8_t>()) bits &= 0xff;
  std::string digits = before + to_radix(bits, radix);
  if (specifier.has('0') && specifier.width && digits.size() < static_cast<std::size_t>(*specifier.width))
    digits.insert(radix == 16 ? before.size() : 0, static_cast<std::size_t>(*specifier.width) - digits.size(),
                  '0');
  return digits;
}

/// "1.5e+20" as "150000000000000000000".
std::string without_exponent(const std::string& text) {
  const std::size_t e = text.find('e');
  if (e == std::string::npos) return text;
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
  std::string digits = text.substr(0, 1);
  if (e > 2) digits += text.substr(2, e - 2);
  if (exponent < 0) return "0." + std::string(static_cast<std::size_t>(-exponent) - 1, '0') + digits;
  const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return digits + std::string(whole - digits.size(), '0');
  return digits.insert(whole, ".");
}

/// Digits after the point, rounded half up from the shortest decimal form, as Java does.
std::string fixed(double number, int precision) {
  const std::string plain = without_exponent(fmt::format("{}", number));
  const std::size_t point = plain.find('.');
  std::string integral = plain.substr(0, point);
  std::string fraction = point == std::string::npos ? "" : plain.substr(point + 1);
  const auto wanted = static_cast<std::size_t>(precision);
  const bool up = fraction.size() > wanted && fraction[wanted] >= '5';
  fraction.resize(wanted, '0');
  std::string digits = integral + fraction;
  if (up) {
    std::size_t i = digits.size();
    while (i > 0 && digits[i - 1] == '9') digits[--i] = '0';
    if (i == 0) {
      digits.insert(0, "1");
    } else {
      ++digits[i - 1];
    }
  }
  if (precision == 0) return digits;
  return digits.insert(digits.size() - wanted, ".");
}

std::string scientific(double number, int precision) {
  if (number == 0)
    return precision > 0 ? "0." + std::string(static_cast<std::size_t>(precision), '0') + "e+00" : "0e+00";
  int exponent = static_cast<int>(std::floor(std::log10(number)));
  const std::string shortest = fmt::format("{:e}", number);
  // Take the digits of the shortest form and round those.
  const std::string java = java_text(number);
  std::string digits;
  for (const char c : java.substr(0, java.find('E'))) {
    if (std::isdigit(static_cast<unsigned char>(c))) digits += c;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  std::from_chars(shortest.data() + shortest.find('e') + (shortest[shortest.find('e') + 1] == '+' ? 2 : 1),
                  shortest.data() + shortest.size(), exponent);
  std::string mantissa =
      fixed(std::stod(digits.substr(0, 1) + "." + (digits.size() > 1 ? digits.substr(1) : "0")), precision);
  if (mantissa.starts_with("10")) {
    mantissa.erase(1, 1);
    if (precision > 0) mantissa = "1." + std::string(static_cast<std::size_t>(precision), '0');
    ++exponent;
  }
  return fmt::format("{}e{}{:02}", mantissa, exponent < 0 ? '-' : '+', std::abs(exponent));
}

std::string general(double number, int precision) {
  if (precision == 0) precision = 1;
  if (number == 0) return fixed(number, precision - 1);
  // What counts is the size after rounding.
  std::string text = scientific(number, precision - 1);
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= precision) return text;
  return fixed(number, precision - 1 - exponent);
}

std::string real(const Specifier& specifier, const Value& value) {
  if (!value.get<double>() && !value.get<float>()) throw wrong_conversion(specifier, value);
  const double number = as_double(value);
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return with_sign(specifier, number < 0, "Infinity");
  const int precision = specifier.precision.value_or(6);
  const double size = std::abs(number);
  std::string digits = specifier.conversion == 'f'   ? fixed(size, precision)
                       : specifier.conversion == 'e' ? scientific(size, precision)
                                                     : general(size, precision);
  if (specifier.has('#') && precision == 0) digits.insert(std::min(digits.find('e'), digits.size()), ".");
  return with_sign(specifier, std::signbit(number), std::move(digits));
}

std::string character(const Specifier& specifier, const Value& value) {
  if (const char16_t* unit = value.get<char16_t>()) return from_units({unit, 1});
  if (!value.is_integer() || value.get<std::int64_t>() || value.big())
    throw wrong_conversion(specifier, value);
  const std::int32_t point = as_int(value);
  if (point < 0 || point > 0x10ffff)
    throw java("IllegalFormatCodePointException", fmt::format("Code point = 0x{:x}", point));
  std::string out;
  append_code_point(out, static_cast<char32_t>(point));
  return out;
}

std::string plain(const Specifier& specifier, std::string text) {
  if (specifier.precision) {
    const std::u16string units = to_units(text);
    text = from_units(std::u16string_view(units).substr(0, static_cast<std::size_t>(*specifier.precision)));
  }
  return text;
}

std::string converted(const Specifier& specifier, const Value& value) {
  switch (specifier.conversion) {
    case 's':
      refuse_flags(specifier, "#");
      return plain(specifier, java_text(value));
    case 'b':
      return plain(specifier, value.get<bool>() ? java_text(value) : value.is_null() ? "false" : "true");
    case 'h':
      return plain(specifier,
                   value.is_null() ? "null" : to_radix(static_cast<std::uint32_t>(java_hash(value)), 16));
    default:
      break;
  }
  if (value.is_null()) return plain(specifier, "null");
  switch (specifier.conversion) {
    case 'd':
    case 'x':
    case 'o':
      return whole(specifier, value);
    case 'e':
    case 'f':
    case 'g':
      return real(specifier, value);
    default:
      return character(specifier, value);
  }
}

std::string widened(const Specifier& specifier, std::string text) {
  const std::size_t length = count_units(text);
  const auto width = static_cast<std::size_t>(specifier.width.value_or(0));
  if (length >= width) return text;
  return specifier.has('-') ? text + std::string(width - length, ' ')
                            : std::string(width - length, ' ') + text;
}

class Formatter {
 public:
  Formatter(std::string_view format, const std::vector<Value>& arguments)
      : format_(format), arguments_(arguments) {}

  /// All of the format is looked at before the first argument is.
  std::string run() {
    std::vector<std::pair<std::string_view, Specifier>> parts;
    std::string_view rest;
    while (at_ < format_.size()) {
      const std::size_t percent = format_.find('%', at_);
      const std::string_view before = format_.substr(at_, percent - at_);
      if (percent == std::string_view::npos) {
        rest = before;
        break;
      }
      at_ = percent + 1;
      parts.emplace_back(before, read());
      check(parts.back().second);
    }
    for (const auto& [before, specifier] : parts) {
      out_ += before;
      write(specifier);
      if (out_.size() > 1'000'000) throw java("OutOfMemoryError", "the formatted text is too long");
    }
    out_ += rest;
    return std::move(out_);
  }

 private:
  std::optional<int> number() {
    const std::size_t start = at_;
    int value = 0;
    while (at_ < format_.size() && std::isdigit(static_cast<unsigned char>(format_[at_])) && at_ - start < 6)
      value = value * 10 + (format_[at_++] - '0');
    return at_ == start ? std::nullopt : std::optional(value);
  }

  Specifier read() {
    Specifier specifier;
    const std::size_t start = at_;
    if (const auto index = number(); index && at_ < format_.size() && format_[at_] == '$') {
      specifier.argument = static_cast<std::size_t>(*index);
      ++at_;
    } else {
      at_ = start;
    }
    while (at_ < format_.size() &&
           std::string_view("-#+ 0,(<").find(format_[at_]) != std::string_view::npos) {
      const char flag = format_[at_++];
      if (flag == '<' ? specifier.relative : specifier.has(flag))
        throw java("DuplicateFormatFlagsException", std::string(1, flag));
      if (flag == '<') specifier.relative = true;
      if (flag != '<') specifier.flags += flag;
    }
    specifier.width = number();
    if (at_ < format_.size() && format_[at_] == '.') {
      ++at_;
      specifier.precision = number();
      if (!specifier.precision)
        throw java("IllegalFormatPrecisionException", "a number must stand behind the point");
    }
    if (at_ >= format_.size()) throw java("UnknownFormatConversionException", "Conversion = '%'");
    specifier.conversion = format_[at_++];
    specifier.written = std::string(format_.substr(start - 1, at_ - start + 1));
    return specifier;
  }

  /// In Java's order, so that of several mistakes the same one is told.
  static void check(const Specifier& specifier) {
    const char written = specifier.conversion;
    if (written == '%' || written == 'n') return check_text(specifier);
    const bool upper = std::string_view("SBHXEGC").find(written) != std::string_view::npos;
    const char conversion = upper ? static_cast<char>(std::tolower(written)) : written;
    if (std::string_view("sbhcdoxefg").find(conversion) == std::string_view::npos)
      throw java("UnknownFormatConversionException", fmt::format("Conversion = '{}'", written));
    const bool general = conversion == 's' || conversion == 'b' || conversion == 'h';
    const bool whole_number = conversion == 'd' || conversion == 'o' || conversion == 'x';
    if (general) {
      if (conversion != 's') refuse_flags(specifier, "#");
      need_width(specifier, "-");
      refuse_flags(specifier, "+ 0,(");
    } else if (conversion == 'c') {
      refuse_precision(specifier);
      refuse_flags(specifier, "#+ 0,(");
      need_width(specifier, "-");
    } else {
      need_width(specifier, "-0");
      if ((specifier.has('+') && specifier.has(' ')) || (specifier.has('-') && specifier.has('0')))
        throw java("IllegalFormatFlagsException", fmt::format("Flags = '{}'", specifier.flags));
      if (whole_number) refuse_precision(specifier);
      if (conversion == 'd' || conversion == 'g') refuse_flags(specifier, "#");
      if (conversion == 'o' || conversion == 'x' || conversion == 'e') refuse_flags(specifier, ",");
    }
  }

  static void check_text(const Specifier& specifier) {
    refuse_precision(specifier);
    const bool line = specifier.conversion == 'n';
    if (line && specifier.width) throw java("IllegalFormatWidthException", std::to_string(*specifier.width));
    if (specifier.relative || !(specifier.flags.empty() || (!line && specifier.flags == "-")))
      throw java("IllegalFormatFlagsException", fmt::format("Flags = '{}'", specifier.flags));
    need_width(specifier, "-");
  }

  static void refuse_precision(const Specifier& specifier) {
    if (specifier.precision)
      throw java("IllegalFormatPrecisionException", std::to_string(*specifier.precision));
  }
  static void need_width(const Specifier& specifier, std::string_view flags) {
    if (!specifier.width && specifier.flags.find_first_of(flags) != std::string::npos)
      throw java("MissingFormatWidthException", specifier.written);
  }

  void write(Specifier specifier) {
    const char written = specifier.conversion;
    if (written == 'n') {
      out_ += '\n';
      return;
    }
    if (written == '%') {
      out_ += widened(specifier, "%");
      return;
    }
    const bool upper = std::string_view("SBHXEGC").find(written) != std::string_view::npos;
    if (upper) specifier.conversion = static_cast<char>(std::tolower(written));
    std::string text = converted(specifier, argument(specifier));
    out_ += widened(specifier, upper ? to_upper(text) : text);
  }

  const Value& argument(const Specifier& specifier) {
    if (specifier.relative) {
      // The one before again.
    } else if (specifier.argument > 0) {
      last_ = specifier.argument;
    } else {
      last_ = ++next_;
    }
    if (last_ == 0 || last_ > arguments_.size())
      throw java("MissingFormatArgumentException", fmt::format("Format specifier '{}'", specifier.written));
    return arguments_[last_ - 1];
  }

  std::string_view format_;
  const std::vector<Value>& arguments_;
  std::size_t at_ = 0, next_ = 0, last_ = 0;
  std::string out_;
};

}  // namespace

std::string format_java(std::string_view format, const std::vector<Value>& arguments) {
  return Formatter(format, arguments).run();
}

}  // namespace gennaker::expressions
