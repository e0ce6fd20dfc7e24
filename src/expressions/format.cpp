#include <charconv>
#include <cmath>
#include <fmt/format.h>

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
  if (specifier.precision)
    throw java("IllegalFormatPrecisionException", std::to_string(*specifier.precision));
  const BigInteger number = as_big(value);
  if (specifier.conversion == 'd') return with_sign(specifier, number < 0, BigInteger(abs(number)).str());
  const int radix = specifier.conversion == 'o' ? 8 : 16;
  // Negative numbers show their bits, in the width of their type.
  std::uint64_t bits = static_cast<std::uint64_t>(as_long(value));
  if (value.get<std::int32_t>()) bits &= 0xffffffff;
  if (value.get<std::int16_t>()) bits &= 0xffff;
  if (value.get<std::int8_t>()) bits &= 0xff;
  std::string digits = to_radix(bits, radix);
  if (specifier.has('#')) digits = (radix == 8 ? "0" : "0x") + digits;
  if (specifier.has('0') && specifier.width && digits.size() < static_cast<std::size_t>(*specifier.width))
    digits.insert(specifier.has('#') && radix == 16 ? 2 : 0,
                  static_cast<std::size_t>(*specifier.width) - digits.size(), '0');
  return digits;
}

/// Digits after the point, rounded half up from the shortest decimal form, as Java does.
std::string fixed(double number, int precision) {
  std::string plain = fmt::format("{}", number);
  if (plain.find('e') != std::string::npos) plain = fmt::format("{:.{}f}", number, std::max(precision, 30));
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
  if (number != 0 && (number < 1e-4 || number >= std::pow(10, precision)))
    return scientific(number, precision - 1);
  const int whole_digits = number == 0 ? 1 : static_cast<int>(std::floor(std::log10(number))) + 1;
  return fixed(number, std::max(precision - whole_digits, 0));
}

std::string real(const Specifier& specifier, const Value& value) {
  if (!value.get<double>() && !value.get<float>()) throw wrong_conversion(specifier, value);
  // A float is what its text says.
  const double number =
      value.get<float>() ? std::stod(fmt::format("{}", *value.get<float>())) : *value.get<double>();
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return with_sign(specifier, number < 0, "Infinity");
  const int precision = specifier.precision.value_or(6);
  const double size = std::abs(number);
  std::string digits = specifier.conversion == 'f'   ? fixed(size, precision)
                       : specifier.conversion == 'e' ? scientific(size, precision)
                                                     : general(size, precision);
  return with_sign(specifier, std::signbit(number), std::move(digits));
}

std::string character(const Specifier& specifier, const Value& value) {
  if (const char16_t* unit = value.get<char16_t>()) return from_units({unit, 1});
  if (!value.is_integer() || value.get<std::int64_t>() || value.big())
    throw wrong_conversion(specifier, value);
  std::string out;
  append_code_point(out, static_cast<char32_t>(as_int(value)));
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
      return plain(specifier, java_text(value));
    case 'b':
      return plain(specifier, value.get<bool>() ? java_text(value) : value.is_null() ? "false" : "true");
    case 'h':
      return plain(specifier,
                   value.is_null() ? "null" : to_radix(static_cast<std::uint32_t>(java_hash(value)), 16));
    default:
      break;
  }
  if (value.is_null()) return "null";
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

  std::string run() {
    while (at_ < format_.size()) {
      const std::size_t percent = format_.find('%', at_);
      out_ += format_.substr(at_, percent - at_);
      if (percent == std::string_view::npos) break;
      at_ = percent + 1;
      write(read());
      if (out_.size() > 1'000'000) throw java("OutOfMemoryError", "the formatted text is too long");
    }
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
    if (at_ < format_.size() && format_[at_] == '<') {
      specifier.relative = true;
      ++at_;
    }
    while (at_ < format_.size() && std::string_view("-#+ 0,(").find(format_[at_]) != std::string_view::npos) {
      if (specifier.has(format_[at_]))
        throw java("DuplicateFormatFlagsException", std::string(1, format_[at_]));
      specifier.flags += format_[at_++];
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
    if (std::string_view("sbhcdoxefg").find(specifier.conversion) == std::string_view::npos)
      throw java("UnknownFormatConversionException", fmt::format("Conversion = '{}'", written));
    if ((specifier.has('-') || specifier.has('0')) && !specifier.width)
      throw java("MissingFormatWidthException", specifier.written);
    if (specifier.has('-') && specifier.has('0')) throw java("IllegalFormatFlagsException", "Flags = '-0'");
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
