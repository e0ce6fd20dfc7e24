#include <cmath>
#include <fmt/format.h>
#include <limits>

#include "expressions/convert.h"
#include "expressions/evaluator.h"
#include "expressions/failure.h"
#include "expressions/java_text.h"
#include "expressions/regex.h"

namespace gennaker::expressions {
namespace {

constexpr std::size_t longest_repeated = 256;
constexpr std::size_t longest_joined = 100'000;
constexpr std::size_t longest_pattern = 1000;
constexpr unsigned most_bits = 100'000;

Failure unsupported(std::string_view sign, const Value& a, const Value& b) {
  return spel("EL1030E",
              fmt::format("'{}' does not work between {} and {}", sign, type_name(a), type_name(b)));
}

enum class Width { int_, long_, big, float_, double_ };

Width width_of(const Value& value) {
  if (value.get<double>()) return Width::double_;
  if (value.get<float>()) return Width::float_;
  if (value.big()) return Width::big;
  return value.get<std::int64_t>() ? Width::long_ : Width::int_;
}

Width widest(const Value& a, const Value& b) {
  return std::max(width_of(a), width_of(b));
}

Failure by_zero() {
  return java("ArithmeticException", "/ by zero");
}

/// Applies an operation in the widest of both types. Integers wrap, as unsigned ones do.
template <class Operation>
Value arithmetic(const Value& a, const Value& b, Operation operation) {
  switch (widest(a, b)) {
    case Width::double_:
      return Value(operation(as_double(a), as_double(b)));
    case Width::float_:
      return Value(operation(as_float(a), as_float(b)));
    case Width::big:
      return Value::of(operation(as_big(a), as_big(b)));
    case Width::long_: {
      const auto result =
          operation(static_cast<std::uint64_t>(as_long(a)), static_cast<std::uint64_t>(as_long(b)));
      return Value(static_cast<std::int64_t>(result));
    }
    case Width::int_: {
      const auto result =
          operation(static_cast<std::uint32_t>(as_int(a)), static_cast<std::uint32_t>(as_int(b)));
      return Value(static_cast<std::int32_t>(result));
    }
  }
  return {};
}

std::string text_beside_text(const Value& value) {
  return value.sequence() ? to_joined_text(value) : java_text(value);
}

Value joined(std::string_view a, std::string_view b) {
  if (count_units(a) + count_units(b) > longest_joined)
    throw spel("EL1078E", fmt::format("the joined text is longer than {} characters", longest_joined));
  std::string text;
  text.reserve(a.size() + b.size());
  text += a;
  text += b;
  return Value::text(std::move(text));
}

template <class Int>
Int quotient(Int a, Int b) {
  if (b == 0) throw by_zero();
  return b == -1 ? static_cast<Int>(0 - static_cast<std::make_unsigned_t<Int>>(a)) : a / b;
}
template <class Int>
Int remainder_of(Int a, Int b) {
  if (b == 0) throw by_zero();
  return b == -1 ? 0 : a % b;
}

bool is_status_text(const Value& value) {
  return value.is_text() || value.object_as<StatusObject>() != nullptr;
}

template <class T>
int order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

/// Numbers in the widest of both; NaN is unequal to all and above them.
int compare_numbers(const Value& a, const Value& b) {
  switch (widest(a, b)) {
    case Width::double_: {
      const double x = as_double(a), y = as_double(b);
      if (std::isnan(x) || std::isnan(y)) return order(std::isnan(x), std::isnan(y));
      return order(x, y);
    }
    case Width::float_: {
      const float x = as_float(a), y = as_float(b);
      if (std::isnan(x) || std::isnan(y)) return order(std::isnan(x), std::isnan(y));
      return order(x, y);
    }
    case Width::big:
      return order(as_big(a), as_big(b));
    default:
      return order(as_long(a), as_long(b));
  }
}

/// By elements; an array of numbers equals none of objects.
bool equal_arrays(Sequence& a, Sequence& b) {
  const auto of_objects = [](const Sequence& array) {
    return std::isupper(static_cast<unsigned char>(array.element()[0])) || array.element().ends_with("[]");
  };
  if (a.element() != b.element() && !(of_objects(a) && of_objects(b))) return false;
  return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(), java_equals);
}

/// C's pow, but for what Java leaves undecided: 1 to the power of infinity or NaN.
double java_pow(double base, double exponent) {
  if (std::isnan(exponent) || (std::abs(base) == 1 && std::isinf(exponent)))
    return std::numeric_limits<double>::quiet_NaN();
  return std::pow(base, exponent);
}

bool is_comparable(const Value& value) {
  if (value.sequence() || value.map()) return false;
  const Object* object = value.object();
  return object == nullptr || object->compare(*object).has_value();
}

}  // namespace

Value add(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number())
    return arithmetic(a, b, [](auto x, auto y) { return decltype(x)(x + y); });
  if (a.is_text() && b.is_text()) return joined(a.text(), b.text());
  if (a.is_text()) return joined(a.text(), text_beside_text(b));
  if (b.is_text()) return joined(text_beside_text(a), b.text());
  throw unsupported("+", a, b);
}

Value subtract(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number())
    return arithmetic(a, b, [](auto x, auto y) { return decltype(x)(x - y); });
  if (a.is_text() && b.get<std::int32_t>()) {
    const std::u16string units = to_units(a.text());
    if (units.size() == 1) {
      const auto shifted = static_cast<char16_t>(units[0] - *b.get<std::int32_t>());
      return Value::text(from_units({&shifted, 1}));
    }
  }
  throw unsupported("-", a, b);
}

Value multiply(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (widest(a, b) == Width::big && msb(abs(as_big(a)) + 1) + msb(abs(as_big(b)) + 1) > most_bits)
      throw java("ArithmeticException", "BigInteger would overflow supported range");
    return arithmetic(a, b, [](auto x, auto y) { return decltype(x)(x * y); });
  }
  if (!a.is_text() || !b.get<std::int32_t>()) throw unsupported("*", a, b);
  const std::int32_t count = *b.get<std::int32_t>();
  if (count < 0) throw spel("EL1081E", fmt::format("a text cannot be repeated {} times", count));
  if (count_units(a.text()) * static_cast<std::size_t>(count) > longest_repeated)
    throw spel("EL1076E", fmt::format("the repeated text is longer than {} characters", longest_repeated));
  std::string text;
  for (std::int32_t i = 0; i < count && !a.text().empty(); ++i) text += a.text();
  return Value::text(std::move(text));
}

Value divide(const Value& a, const Value& b) {
  if (!a.is_number() || !b.is_number()) throw unsupported("/", a, b);
  switch (widest(a, b)) {
    case Width::double_:
      return Value(as_double(a) / as_double(b));
    case Width::float_:
      return Value(as_float(a) / as_float(b));
    case Width::big:
      if (as_big(b) == 0) throw java("ArithmeticException", "BigInteger divide by zero");
      return Value::of(as_big(a) / as_big(b));
    case Width::long_:
      return Value(quotient(as_long(a), as_long(b)));
    case Width::int_:
      return Value(quotient(as_int(a), as_int(b)));
  }
  return {};
}

Value modulo(const Value& a, const Value& b) {
  if (!a.is_number() || !b.is_number()) throw unsupported("%", a, b);
  switch (widest(a, b)) {
    case Width::double_:
      return Value(std::fmod(as_double(a), as_double(b)));
    case Width::float_:
      return Value(std::fmod(as_float(a), as_float(b)));
    case Width::big:
      if (as_big(b) == 0) throw java("ArithmeticException", "BigInteger divide by zero");
      return Value::of(as_big(a) % as_big(b));
    case Width::long_:
      return Value(remainder_of(as_long(a), as_long(b)));
    case Width::int_:
      return Value(remainder_of(as_int(a), as_int(b)));
  }
  return {};
}

Value power(const Value& a, const Value& b) {
  if (!a.is_number() || !b.is_number()) throw unsupported("^", a, b);
  if (a.big()) {
    const std::int64_t exponent = as_int(b);
    if (exponent < 0) throw java("ArithmeticException", "Negative exponent");
    const BigInteger base = as_big(a);
    if (base != 0 &&
        (static_cast<std::uint64_t>(msb(abs(base))) + 1) * static_cast<std::uint64_t>(exponent) > most_bits)
      throw java("ArithmeticException", "BigInteger would overflow supported range");
    return Value::of(pow(base, static_cast<unsigned>(exponent)));
  }
  if (a.get<double>() || b.get<double>()) return Value(java_pow(as_double(a), as_double(b)));
  if (a.get<float>() || b.get<float>())
    return Value(java_pow(static_cast<double>(as_float(a)), static_cast<double>(as_float(b))));
  const Value real(java_pow(as_double(a), as_double(b)));
  const bool is_long = a.get<std::int64_t>() || b.get<std::int64_t>() || *real.get<double>() > INT32_MAX;
  return is_long ? Value(as_long(real)) : Value(as_int(real));
}

Value negate(const Value& value) {
  if (!value.is_number()) throw unsupported("-", value, value);
  return subtract(Value(std::int32_t{0}), value);
}

Value step(const Value& value, int by) {
  return add(value, Value(std::int32_t{by}));
}

bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (std::isnan(as_double(a)) || std::isnan(as_double(b))) return false;
    return compare_numbers(a, b) == 0;
  }
  if (is_status_text(a) && is_status_text(b)) return java_text(a) == java_text(b);
  if (const SequencePtr x = a.sequence(), y = b.sequence(); x && y && x->is_array() && y->is_array())
    return equal_arrays(*x, *y);
  return java_equals(a, b);
}

int compare(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return order(!a.is_null(), !b.is_null());
  if (a.is_number() && b.is_number()) return compare_numbers(a, b);
  if (a.is_text() && b.is_text()) return to_units(a.text()).compare(to_units(b.text()));
  if (a.get<bool>() && b.get<bool>()) return order(*a.get<bool>(), *b.get<bool>());
  if (a.get<char16_t>() && b.get<char16_t>()) return order(*a.get<char16_t>(), *b.get<char16_t>());
  if (a.object() && b.object()) {
    if (const auto found = a.object()->compare(*b.object())) return *found;
  }
  const std::string message = fmt::format(
      "EL1013E: a value of type {} cannot be compared with one of type {}", type_name(a), type_name(b));
  throw Failure(is_comparable(a) ? "ClassCastException" : "SpelEvaluationException", "EL1013E", message);
}

bool between(const Value& value, const Value& bounds) {
  const SequencePtr pair = bounds.sequence();
  if (!pair || pair->kind() != Sequence::Kind::list || pair->size() != 2)
    throw spel("EL1017E", "'between' needs a list of two: {low, high}");
  return compare(value, pair->items()[0]) >= 0 && compare(value, pair->items()[1]) <= 0;
}

std::string text_to_match(const Value& value) {
  if (value.is_null()) throw spel("EL1037E", "the left side of 'matches' is null");
  return to_joined_text(value);
}

bool matches(std::string_view text, const Value& pattern) {
  if (!pattern.is_text()) throw spel("EL1038E", "the right side of 'matches' is not a text");
  if (count_units(pattern.text()) > longest_pattern)
    throw spel("EL1077E", fmt::format("the pattern is longer than {} characters", longest_pattern));
  try {
    return Regex::compiled(pattern.text())->matches(text);
  } catch (const Failure& failure) {
    throw failure.within("EL1018E");
  }
}

}  // namespace gennaker::expressions
