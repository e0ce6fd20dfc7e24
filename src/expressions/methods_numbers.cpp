#include <algorithm>
#include <bit>
#include <cmath>
#include <fmt/format.h>

#include "base/text.h"
#include "expressions/failure.h"
#include "expressions/java_text.h"
#include "expressions/methods.h"

namespace gennaker::expressions {
namespace {

using P = Parameter;

Value int_of(std::int64_t number) {
  return Value(static_cast<std::int32_t>(number));
}
Value long_of(std::int64_t number) {
  return Value(number);
}
Value text(std::string made) {
  return Value::text(std::move(made));
}

template <class T>
int order(T a, T b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/// Java's Double.compare: NaN is above all, -0.0 below 0.0.
int order_reals(double a, double b) {
  if (a < b) return -1;
  if (a > b) return 1;
  const auto bits = [](double d) { return std::isnan(d) ? INT64_MAX : std::bit_cast<std::int64_t>(d); };
  return order(bits(a), bits(b));
}

Failure not_a_number(std::string_view written) {
  return java("NumberFormatException", fmt::format("For input string: \"{}\"", written));
}

std::int64_t parse(const Value& written, int radix, std::int64_t lowest, std::int64_t highest) {
  if (written.is_null()) throw java("NumberFormatException", "Cannot parse null string");
  const auto number = parse_integer(written.text(), radix, lowest, highest);
  if (!number || radix < 2 || radix > 36) throw not_a_number(written.text());
  return *number;
}

std::int64_t decode(std::string_view written, std::int64_t lowest, std::int64_t highest) {
  const bool negative = written.starts_with('-');
  std::string_view rest = written.substr(negative || written.starts_with('+') ? 1 : 0);
  int radix = 10;
  for (const std::string_view prefix : {"0x", "0X", "#"}) {
    if (!rest.starts_with(prefix)) continue;
    radix = 16;
    rest.remove_prefix(prefix.size());
    break;
  }
  if (radix == 10 && rest.size() > 1 && rest.starts_with('0')) {
    radix = 8;
    rest.remove_prefix(1);
  }
  const auto number = parse_integer((negative ? "-" : "") + std::string(rest), radix, lowest, highest);
  if (!number || rest.starts_with('-') || rest.starts_with('+')) throw not_a_number(written);
  return *number;
}

double parse_real(const Value& written) {
  if (written.is_null()) throw java("NullPointerException", "the text is null");
  const auto number = parse_double(written.text());
  if (!number) throw not_a_number(written.text());
  return *number;
}

std::string radix_text(std::int64_t number, int radix) {
  if (radix < 2 || radix > 36) radix = 10;
  const std::uint64_t size =
      number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  return (number < 0 ? "-" : "") + to_radix(size, radix);
}

// ---- Methods of numbers ----

template <class Number>
Value compare_same(const Call& c) {
  if (c[0].is_null()) throw java("NullPointerException", "cannot compare with null");
  const Number a = *c.self.get<Number>(), b = *c[0].get<Number>();
  if constexpr (std::is_floating_point_v<Number>) {
    return Value(order_reals(a, b));
  } else if constexpr (sizeof(Number) < 4) {
    return int_of(a - b);
  } else {
    return Value(order(a, b));
  }
}

std::vector<Method> make_common(P own) {
  std::vector<Method> methods{
      {"intValue", {}, [](const Call& c) { return Value(as_int(c.self)); }},
      {"longValue", {}, [](const Call& c) { return Value(as_long(c.self)); }},
      {"doubleValue", {}, [](const Call& c) { return Value(as_double(c.self)); }},
      {"floatValue", {}, [](const Call& c) { return Value(as_float(c.self)); }},
      {"byteValue", {}, [](const Call& c) { return Value(static_cast<std::int8_t>(as_int(c.self))); }},
      {"shortValue", {}, [](const Call& c) { return Value(static_cast<std::int16_t>(as_int(c.self))); }},
      {"equals", {P::object}, [](const Call& c) { return Value(java_equals(c.self, c[0])); }},
      {"hashCode", {}, [](const Call& c) { return Value(java_hash(c.self)); }},
      {"toString", {}, [](const Call& c) { return text(java_text(c.self)); }},
  };
  switch (own) {
    case P::boxed_int:
      methods.push_back({"compareTo", {P::boxed_int}, compare_same<std::int32_t>});
      break;
    case P::boxed_long:
      methods.push_back({"compareTo", {P::boxed_long}, compare_same<std::int64_t>});
      break;
    case P::boxed_float:
      methods.push_back({"compareTo", {P::boxed_float}, compare_same<float>});
      break;
    case P::boxed_double:
      methods.push_back({"compareTo", {P::boxed_double}, compare_same<double>});
      break;
    case P::boxed_byte:
      methods.push_back({"compareTo", {P::boxed_byte}, compare_same<std::int8_t>});
      break;
    case P::short_:
      methods.push_back({"compareTo", {P::short_}, compare_same<std::int16_t>});
      break;
    default:
      methods.push_back({"bitLength", {}, [](const Call& c) {
                           return int_of(static_cast<std::int64_t>(msb(abs(as_big(c.self)))) + 1);
                         }});
      methods.push_back({"signum", {}, [](const Call& c) { return int_of(as_big(c.self).sign()); }});
      break;
  }
  if (own == P::boxed_float || own == P::boxed_double) {
    methods.push_back({"isNaN", {}, [](const Call& c) { return Value(std::isnan(as_double(c.self))); }});
    methods.push_back({"isInfinite", {}, [](const Call& c) { return Value(std::isinf(as_double(c.self))); }});
  }
  return methods;
}

// ---- Static methods ----

template <class Int>
std::vector<Method> make_whole_statics(P primitive, std::string_view parse_name) {
  constexpr std::int64_t lowest = std::numeric_limits<Int>::min(), highest = std::numeric_limits<Int>::max();
  std::vector<Method> methods{
      {parse_name,
       {P::string},
       [](const Call& c) { return Value(static_cast<Int>(parse(c[0], 10, lowest, highest))); }},
      {parse_name,
       {P::string, P::int_},
       [](const Call& c) { return Value(static_cast<Int>(parse(c[0], c.integer(1), lowest, highest))); }},
      {"valueOf",
       {P::string},
       [](const Call& c) { return Value(static_cast<Int>(parse(c[0], 10, lowest, highest))); }},
      {"valueOf",
       {P::string, P::int_},
       [](const Call& c) { return Value(static_cast<Int>(parse(c[0], c.integer(1), lowest, highest))); }},
      {"valueOf", {primitive}, [](const Call& c) { return c[0]; }},
      {"decode",
       {P::string},
       [](const Call& c) { return Value(static_cast<Int>(decode(c.text(0), lowest, highest))); }},
      {"toString", {primitive}, [](const Call& c) { return text(java_text(c[0])); }},
      {"hashCode", {primitive}, [](const Call& c) { return Value(java_hash(c[0])); }},
      {"compare",
       {primitive, primitive},
       [](const Call& c) {
         const Int a = *c[0].template get<Int>(), b = *c[1].template get<Int>();
         if constexpr (sizeof(Int) == 1) return int_of(a - b);
         return Value(order(a, b));
       }},
  };
  if constexpr (sizeof(Int) == 1) {
    methods.push_back({"toUnsignedInt", {primitive}, [](const Call& c) {
                         return int_of(static_cast<std::uint8_t>(*c[0].template get<Int>()));
                       }});
    return methods;
  } else {
    using Unsigned = std::make_unsigned_t<Int>;
    const auto bits = [](const Call& c) { return static_cast<Unsigned>(*c[0].template get<Int>()); };
    static_assert(std::is_empty_v<decltype(bits)>);
    const std::vector<Method> more{
        {"toString",
         {primitive, P::int_},
         [](const Call& c) { return text(radix_text(*c[0].template get<Int>(), c.integer(1))); }},
        {"toHexString", {primitive}, [](const Call& c) { return text(to_radix(decltype(bits){}(c), 16)); }},
        {"toBinaryString", {primitive}, [](const Call& c) { return text(to_radix(decltype(bits){}(c), 2)); }},
        {"toOctalString", {primitive}, [](const Call& c) { return text(to_radix(decltype(bits){}(c), 8)); }},
        {"toUnsignedString",
         {primitive},
         [](const Call& c) { return text(to_radix(decltype(bits){}(c), 10)); }},
        {"max",
         {primitive, primitive},
         [](const Call& c) { return Value(std::max(*c[0].template get<Int>(), *c[1].template get<Int>())); }},
        {"min",
         {primitive, primitive},
         [](const Call& c) { return Value(std::min(*c[0].template get<Int>(), *c[1].template get<Int>())); }},
        {"sum",
         {primitive, primitive},
         [](const Call& c) {
           return Value(static_cast<Int>(static_cast<Unsigned>(*c[0].template get<Int>()) +
                                         static_cast<Unsigned>(*c[1].template get<Int>())));
         }},
        {"signum",
         {primitive},
         [](const Call& c) { return int_of(order<Int>(*c[0].template get<Int>(), 0)); }},
        {"bitCount", {primitive}, [](const Call& c) { return int_of(std::popcount(decltype(bits){}(c))); }},
        {"numberOfLeadingZeros",
         {primitive},
         [](const Call& c) { return int_of(std::countl_zero(decltype(bits){}(c))); }},
        {"numberOfTrailingZeros",
         {primitive},
         [](const Call& c) { return int_of(std::countr_zero(decltype(bits){}(c))); }},
        {"highestOneBit",
         {primitive},
         [](const Call& c) { return Value(static_cast<Int>(std::bit_floor(decltype(bits){}(c)))); }},
        {"lowestOneBit",
         {primitive},
         [](const Call& c) {
           const Unsigned b = decltype(bits){}(c);
           return Value(static_cast<Int>(b & (Unsigned{0} - b)));
         }},
        {"reverse",
         {primitive},
         [](const Call& c) {
           Unsigned from = decltype(bits){}(c), to = 0;
           for (std::size_t i = 0; i < sizeof(Int) * 8; ++i, from >>= 1)
             to = static_cast<Unsigned>(to << 1 | (from & 1));
           return Value(static_cast<Int>(to));
         }},
        {"rotateLeft",
         {primitive, P::int_},
         [](const Call& c) { return Value(static_cast<Int>(std::rotl(decltype(bits){}(c), c.integer(1)))); }},
        {"rotateRight",
         {primitive, P::int_},
         [](const Call& c) { return Value(static_cast<Int>(std::rotr(decltype(bits){}(c), c.integer(1)))); }},
    };
    methods.insert(methods.end(), more.begin(), more.end());
    return methods;
  }
}

double greater(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::nan("");
  return a == b ? (std::signbit(a) ? b : a) : std::max(a, b);
}
double smaller(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::nan("");
  return a == b ? (std::signbit(a) ? a : b) : std::min(a, b);
}

std::vector<Method> make_real_statics() {
  return {
      {"parseDouble", {P::string}, [](const Call& c) { return Value(parse_real(c[0])); }},
      {"valueOf", {P::string}, [](const Call& c) { return Value(parse_real(c[0])); }},
      {"valueOf", {P::double_}, [](const Call& c) { return c[0]; }},
      {"toString", {P::double_}, [](const Call& c) { return text(java_text(c.real(0))); }},
      {"hashCode", {P::double_}, [](const Call& c) { return Value(java_hash(c[0])); }},
      {"compare",
       {P::double_, P::double_},
       [](const Call& c) { return Value(order_reals(c.real(0), c.real(1))); }},
      {"max", {P::double_, P::double_}, [](const Call& c) { return Value(greater(c.real(0), c.real(1))); }},
      {"min", {P::double_, P::double_}, [](const Call& c) { return Value(smaller(c.real(0), c.real(1))); }},
      {"sum", {P::double_, P::double_}, [](const Call& c) { return Value(c.real(0) + c.real(1)); }},
      {"isNaN", {P::double_}, [](const Call& c) { return Value(std::isnan(c.real(0))); }},
      {"isInfinite", {P::double_}, [](const Call& c) { return Value(std::isinf(c.real(0))); }},
      {"isFinite", {P::double_}, [](const Call& c) { return Value(std::isfinite(c.real(0))); }},
  };
}

bool is_true(const Value& value) {
  return value.is_text() && base::lower_case(value.text()) == "true";
}

std::vector<Method> make_boolean_statics() {
  return {
      {"parseBoolean", {P::string}, [](const Call& c) { return Value(is_true(c[0])); }},
      {"valueOf", {P::string}, [](const Call& c) { return Value(is_true(c[0])); }},
      {"valueOf", {P::boolean}, [](const Call& c) { return c[0]; }},
      {"toString", {P::boolean}, [](const Call& c) { return text(java_text(c[0])); }},
      {"hashCode", {P::boolean}, [](const Call& c) { return Value(java_hash(c[0])); }},
      {"compare",
       {P::boolean, P::boolean},
       [](const Call& c) { return Value(order<int>(c.truth(0), c.truth(1))); }},
      {"logicalAnd", {P::boolean, P::boolean}, [](const Call& c) { return Value(c.truth(0) && c.truth(1)); }},
      {"logicalOr", {P::boolean, P::boolean}, [](const Call& c) { return Value(c.truth(0) || c.truth(1)); }},
      {"logicalXor", {P::boolean, P::boolean}, [](const Call& c) { return Value(c.truth(0) != c.truth(1)); }},
  };
}

// ---- Math ----

Failure overflow(std::string_view type) {
  return java("ArithmeticException", fmt::format("{} overflow", type));
}

using Checked = bool (*)(std::int64_t, std::int64_t, std::int64_t*);
bool add_checked(std::int64_t a, std::int64_t b, std::int64_t* r) {
  return __builtin_add_overflow(a, b, r);
}
bool subtract_checked(std::int64_t a, std::int64_t b, std::int64_t* r) {
  return __builtin_sub_overflow(a, b, r);
}
bool multiply_checked(std::int64_t a, std::int64_t b, std::int64_t* r) {
  return __builtin_mul_overflow(a, b, r);
}

template <Checked operation>
Value exact_int(const Call& c) {
  std::int64_t result = 0;
  if (operation(c.integer(0), c.integer(1), &result) || result != static_cast<std::int32_t>(result))
    throw overflow("integer");
  return int_of(result);
}
template <Checked operation>
Value exact_long(const Call& c) {
  std::int64_t result = 0;
  if (operation(c.long_integer(0), c.long_integer(1), &result)) throw overflow("long");
  return long_of(result);
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  if (b == 0) throw java("ArithmeticException", "/ by zero");
  if (a == INT64_MIN && b == -1) return a;
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}
std::int64_t floor_mod(std::int64_t a, std::int64_t b) {
  if (b == 0) throw java("ArithmeticException", "/ by zero");
  return b == -1 ? 0 : a - floor_div(a, b) * b;
}

template <double (*function)(double)>
Value real_function(const Call& c) {
  return Value(function(c.real(0)));
}
template <double (*function)(double, double)>
Value real_function_of_two(const Call& c) {
  return Value(function(c.real(0), c.real(1)));
}
/// The double's own is off by a bit for some cubes.
double cube_root(double number) {
  return static_cast<double>(std::cbrt(static_cast<long double>(number)));
}
double to_degrees(double radians) {
  return radians * 57.29577951308232;
}
double to_radians(double degrees) {
  return degrees * 0.017453292519943295;
}
double sign_of(double number) {
  return std::isnan(number) || number == 0 ? number : number < 0 ? -1.0 : 1.0;
}
double ulp(double number) {
  const double size = std::abs(number);
  return std::isinf(size) ? size : std::nextafter(size, INFINITY) - size;
}

template <class Int>
Int wrapping_abs(Int number) {
  return number < 0 ? static_cast<Int>(0 - static_cast<std::make_unsigned_t<Int>>(number)) : number;
}

std::vector<Method> make_math() {
  return {
      {"abs", {P::int_}, [](const Call& c) { return Value(wrapping_abs(c.integer(0))); }},
      {"abs", {P::long_}, [](const Call& c) { return Value(wrapping_abs(c.long_integer(0))); }},
      {"abs", {P::float_}, [](const Call& c) { return Value(std::abs(c.single(0))); }},
      {"abs", {P::double_}, [](const Call& c) { return Value(std::abs(c.real(0))); }},
      {"max", {P::int_, P::int_}, [](const Call& c) { return Value(std::max(c.integer(0), c.integer(1))); }},
      {"max",
       {P::long_, P::long_},
       [](const Call& c) { return Value(std::max(c.long_integer(0), c.long_integer(1))); }},
      {"max",
       {P::float_, P::float_},
       [](const Call& c) { return Value(static_cast<float>(greater(c.single(0), c.single(1)))); }},
      {"max", {P::double_, P::double_}, [](const Call& c) { return Value(greater(c.real(0), c.real(1))); }},
      {"min", {P::int_, P::int_}, [](const Call& c) { return Value(std::min(c.integer(0), c.integer(1))); }},
      {"min",
       {P::long_, P::long_},
       [](const Call& c) { return Value(std::min(c.long_integer(0), c.long_integer(1))); }},
      {"min",
       {P::float_, P::float_},
       [](const Call& c) { return Value(static_cast<float>(smaller(c.single(0), c.single(1)))); }},
      {"min", {P::double_, P::double_}, [](const Call& c) { return Value(smaller(c.real(0), c.real(1))); }},
      // floor(x + 0.5) without the error of that sum just below a half.
      {"round",
       {P::float_},
       [](const Call& c) {
         return Value(as_int(Value(std::floor(static_cast<double>(c.single(0)) + 0.5))));
       }},
      {"round",
       {P::double_},
       [](const Call& c) {
         const double down = std::floor(c.real(0));
         return Value(as_long(Value(c.real(0) - down >= 0.5 ? down + 1 : down)));
       }},
      {"signum", {P::float_}, [](const Call& c) { return Value(static_cast<float>(sign_of(c.single(0)))); }},
      {"signum", {P::double_}, real_function<sign_of>},
      {"ulp", {P::double_}, real_function<ulp>},
      {"floor", {P::double_}, real_function<std::floor>},
      {"ceil", {P::double_}, real_function<std::ceil>},
      {"rint", {P::double_}, real_function<std::nearbyint>},
      {"sqrt", {P::double_}, real_function<std::sqrt>},
      {"cbrt", {P::double_}, real_function<cube_root>},
      {"exp", {P::double_}, real_function<std::exp>},
      {"expm1", {P::double_}, real_function<std::expm1>},
      {"log", {P::double_}, real_function<std::log>},
      {"log10", {P::double_}, real_function<std::log10>},
      {"log1p", {P::double_}, real_function<std::log1p>},
      {"sin", {P::double_}, real_function<std::sin>},
      {"cos", {P::double_}, real_function<std::cos>},
      {"tan", {P::double_}, real_function<std::tan>},
      {"asin", {P::double_}, real_function<std::asin>},
      {"acos", {P::double_}, real_function<std::acos>},
      {"atan", {P::double_}, real_function<std::atan>},
      {"sinh", {P::double_}, real_function<std::sinh>},
      {"cosh", {P::double_}, real_function<std::cosh>},
      {"tanh", {P::double_}, real_function<std::tanh>},
      {"toDegrees", {P::double_}, real_function<to_degrees>},
      {"toRadians", {P::double_}, real_function<to_radians>},
      {"pow", {P::double_, P::double_}, real_function_of_two<std::pow>},
      {"atan2", {P::double_, P::double_}, real_function_of_two<std::atan2>},
      {"hypot", {P::double_, P::double_}, real_function_of_two<std::hypot>},
      {"IEEEremainder", {P::double_, P::double_}, real_function_of_two<std::remainder>},
      {"copySign", {P::double_, P::double_}, real_function_of_two<std::copysign>},
      {"copySign",
       {P::float_, P::float_},
       [](const Call& c) { return Value(std::copysign(c.single(0), c.single(1))); }},
      {"nextAfter", {P::double_, P::double_}, real_function_of_two<std::nextafter>},
      {"addExact", {P::int_, P::int_}, exact_int<add_checked>},
      {"addExact", {P::long_, P::long_}, exact_long<add_checked>},
      {"subtractExact", {P::int_, P::int_}, exact_int<subtract_checked>},
      {"subtractExact", {P::long_, P::long_}, exact_long<subtract_checked>},
      {"multiplyExact", {P::int_, P::int_}, exact_int<multiply_checked>},
      {"multiplyExact", {P::long_, P::long_}, exact_long<multiply_checked>},
      {"multiplyExact",
       {P::long_, P::int_},
       [](const Call& c) {
         std::int64_t result = 0;
         if (multiply_checked(c.long_integer(0), c.integer(1), &result)) throw overflow("long");
         return long_of(result);
       }},
      {"incrementExact",
       {P::long_},
       [](const Call& c) {
         if (c.long_integer(0) == INT64_MAX) throw overflow("long");
         return long_of(c.long_integer(0) + 1);
       }},
      {"decrementExact",
       {P::long_},
       [](const Call& c) {
         if (c.long_integer(0) == INT64_MIN) throw overflow("long");
         return long_of(c.long_integer(0) - 1);
       }},
      {"negateExact",
       {P::long_},
       [](const Call& c) {
         if (c.long_integer(0) == INT64_MIN) throw overflow("long");
         return long_of(-c.long_integer(0));
       }},
      {"absExact",
       {P::int_},
       [](const Call& c) {
         if (c.integer(0) == INT32_MIN) throw overflow("int");
         return int_of(std::abs(c.integer(0)));
       }},
      {"absExact",
       {P::long_},
       [](const Call& c) {
         if (c.long_integer(0) == INT64_MIN) throw overflow("long");
         return long_of(std::abs(c.long_integer(0)));
       }},
      {"multiplyFull",
       {P::int_, P::int_},
       [](const Call& c) { return long_of(std::int64_t{c.integer(0)} * c.integer(1)); }},
      {"incrementExact",
       {P::int_},
       [](const Call& c) {
         if (c.integer(0) == INT32_MAX) throw overflow("integer");
         return int_of(c.integer(0) + 1);
       }},
      {"decrementExact",
       {P::int_},
       [](const Call& c) {
         if (c.integer(0) == INT32_MIN) throw overflow("integer");
         return int_of(c.integer(0) - 1);
       }},
      {"negateExact",
       {P::int_},
       [](const Call& c) {
         if (c.integer(0) == INT32_MIN) throw overflow("integer");
         return int_of(-c.integer(0));
       }},
      {"toIntExact",
       {P::long_},
       [](const Call& c) {
         if (c.long_integer(0) != static_cast<std::int32_t>(c.long_integer(0))) throw overflow("integer");
         return int_of(c.long_integer(0));
       }},
      {"floorDiv",
       {P::int_, P::int_},
       [](const Call& c) { return int_of(floor_div(c.integer(0), c.integer(1))); }},
      {"floorDiv",
       {P::long_, P::int_},
       [](const Call& c) { return long_of(floor_div(c.long_integer(0), std::int64_t{c.integer(1)})); }},
      {"floorDiv",
       {P::long_, P::long_},
       [](const Call& c) { return long_of(floor_div(c.long_integer(0), c.long_integer(1))); }},
      {"floorMod",
       {P::int_, P::int_},
       [](const Call& c) { return int_of(floor_mod(c.integer(0), c.integer(1))); }},
      {"floorMod",
       {P::long_, P::int_},
       [](const Call& c) { return int_of(floor_mod(c.long_integer(0), std::int64_t{c.integer(1)})); }},
      {"floorMod",
       {P::long_, P::long_},
       [](const Call& c) { return long_of(floor_mod(c.long_integer(0), c.long_integer(1))); }},
      {"random", {}, [](const Call& c) { return Value(c.around.draw_real()); }},
  };
}

std::vector<Method> make_booleans() {
  return {
      {"booleanValue", {}, [](const Call& c) { return c.self; }},
      {"equals", {P::object}, [](const Call& c) { return Value(java_equals(c.self, c[0])); }},
      {"hashCode", {}, [](const Call& c) { return Value(java_hash(c.self)); }},
      {"toString", {}, [](const Call& c) { return text(java_text(c.self)); }},
      {"compareTo",
       {P::boxed_boolean},
       [](const Call& c) {
         if (c[0].is_null()) throw java("NullPointerException", "cannot compare with null");
         return Value(order<int>(*c.self.get<bool>(), *c[0].get<bool>()));
       }},
  };
}

std::vector<Method> make_characters() {
  return {
      {"equals", {P::object}, [](const Call& c) { return Value(java_equals(c.self, c[0])); }},
      {"hashCode", {}, [](const Call& c) { return int_of(*c.self.get<char16_t>()); }},
      {"toString", {}, [](const Call& c) { return text(java_text(c.self)); }},
      {"charValue", {}, [](const Call& c) { return c.self; }},
      {"compareTo",
       {P::character},
       [](const Call& c) { return int_of(*c.self.get<char16_t>() - c.unit(0)); }},
  };
}

}  // namespace

Methods number_methods(const Value& number) {
  static const std::vector<Method> ints = make_common(P::boxed_int), longs = make_common(P::boxed_long),
                                   floats = make_common(P::boxed_float),
                                   doubles = make_common(P::boxed_double), bytes = make_common(P::boxed_byte),
                                   shorts = make_common(P::short_), bigs = make_common(P::object);
  if (number.get<std::int32_t>()) return ints;
  if (number.get<std::int64_t>()) return longs;
  if (number.get<float>()) return floats;
  if (number.get<double>()) return doubles;
  if (number.get<std::int8_t>()) return bytes;
  return number.get<std::int16_t>() ? shorts : bigs;
}

Methods boolean_methods() {
  static const std::vector<Method> methods = make_booleans();
  return methods;
}

Methods character_methods() {
  static const std::vector<Method> methods = make_characters();
  return methods;
}

Methods static_number_methods(std::string_view name) {
  static const std::vector<Method> ints = make_whole_statics<std::int32_t>(P::int_, "parseInt"),
                                   longs = make_whole_statics<std::int64_t>(P::long_, "parseLong"),
                                   bytes = make_whole_statics<std::int8_t>(P::byte_, "parseByte"),
                                   doubles = make_real_statics(), booleans = make_boolean_statics(),
                                   math = make_math();
  if (name == "java.lang.Integer") return ints;
  if (name == "java.lang.Long") return longs;
  if (name == "java.lang.Byte") return bytes;
  if (name == "java.lang.Double") return doubles;
  if (name == "java.lang.Boolean") return booleans;
  if (name == "java.lang.Math") return math;
  return {};
}

}  // namespace gennaker::expressions
