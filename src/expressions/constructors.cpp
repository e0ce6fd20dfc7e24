#include <fmt/format.h>
#include <limits>

#include "expressions/failure.h"
#include "expressions/java_text.h"
#include "expressions/methods.h"
#include "expressions/times.h"

/// What `new` makes.
namespace gennaker::expressions {
namespace {

using P = Parameter;

std::vector<Method> make_date_constructors() {
  return {{"new", {}, [](const Call& c) { return make_date(c.around.now_millis); }},
          {"new",
           {P::string},
           [](const Call&) -> Value {
             throw java("IllegalArgumentException", "dates are read by new java.text.SimpleDateFormat(...)");
           }},
          {"new", {P::long_}, [](const Call& c) { return make_date(c.long_integer(0)); }}};
}

std::vector<Method> make_format_constructors() {
  return {{"new", {P::string}, [](const Call& c) {
             return Value(ObjectPtr(std::make_shared<DateFormatObject>(std::string(c.text(0)))));
           }}};
}

Value make_random(std::int64_t seed) {
  return Value(ObjectPtr(std::make_shared<RandomObject>(seed)));
}

std::vector<Method> make_random_constructors() {
  return {{"new", {}, [](const Call& c) { return make_random(static_cast<std::int64_t>(c.around.draw())); }},
          {"new", {P::long_}, [](const Call& c) { return make_random(c.long_integer(0)); }}};
}

std::vector<Method> make_uuid_constructors() {
  return {{"new", {P::long_, P::long_}, [](const Call& c) {
             const auto most = static_cast<std::uint64_t>(c.long_integer(0));
             const auto least = static_cast<std::uint64_t>(c.long_integer(1));
             return Value(ObjectPtr(std::make_shared<UuidObject>(most, least)));
           }}};
}

std::vector<Method> make_text_constructors() {
  return {
      {"new", {}, [](const Call&) { return Value::text(""); }},
      {"new",
       {P::characters},
       [](const Call& c) {
         std::u16string units;
         for (const Value& item : c.sequence(0)->items()) units += *item.get<char16_t>();
         return Value::text(from_units(units));
       }},
      {"new",
       {P::bytes},
       [](const Call& c) {
         std::string bytes;
         for (const Value& item : c.sequence(0)->items()) bytes += static_cast<char>(as_int(item));
         return Value::text(bytes);
       }},
      {"new", {P::string}, [](const Call& c) { return Value::text(std::string(c.text(0))); }},
      {"new",
       {P::characters, P::int_, P::int_},
       [](const Call& c) -> Value {
         const std::vector<Value>& items = c.sequence(0)->items();
         const std::int32_t from = c.integer(1), count = c.integer(2);
         if (from < 0 || count < 0 || from > std::ssize(items) - count)
           throw java("StringIndexOutOfBoundsException",
                      fmt::format("offset {}, count {}, length {}", from, count, items.size()));
         std::u16string units;
         for (std::int32_t i = from; i < from + count; ++i)
           units += *items[static_cast<std::size_t>(i)].get<char16_t>();
         return Value::text(from_units(units));
       }},
  };
}

template <class Int>
std::vector<Method> make_number_constructors(P primitive) {
  return {{"new",
           {P::string},
           [](const Call& c) {
             const std::string digits(c[0].is_null() ? "null" : c.text(0));
             const auto number =
                 parse_integer(digits, 10, std::numeric_limits<Int>::min(), std::numeric_limits<Int>::max());
             if (!number)
               throw java("NumberFormatException", fmt::format("For input string: \"{}\"", digits));
             return Value(static_cast<Int>(*number));
           }},
          {"new", {primitive}, [](const Call& c) { return c[0]; }}};
}

std::vector<Method> make_double_constructors() {
  return {{"new", {P::double_}, [](const Call& c) { return c[0]; }},
          {"new", {P::string}, [](const Call& c) {
             const auto number = parse_double(c.text(0));
             if (!number)
               throw java("NumberFormatException", fmt::format("For input string: \"{}\"", c.text(0)));
             return Value(*number);
           }}};
}

std::vector<Method> make_boolean_constructors() {
  return {{"new", {P::boolean}, [](const Call& c) { return c[0]; }},
          {"new", {P::string}, [](const Call& c) {
             return Value(!c[0].is_null() && to_lower(c.text(0)) == "true");
           }}};
}

}  // namespace

Methods constructors_of(std::string_view name) {
  static const std::vector<Method> date = make_date_constructors(), format = make_format_constructors(),
                                   random = make_random_constructors(), uuids = make_uuid_constructors(),
                                   texts = make_text_constructors(), doubles = make_double_constructors(),
                                   booleans = make_boolean_constructors(),
                                   ints = make_number_constructors<std::int32_t>(P::int_),
                                   longs = make_number_constructors<std::int64_t>(P::long_),
                                   bytes = make_number_constructors<std::int8_t>(P::byte_);
  if (name == "java.util.Date") return date;
  if (name == "java.text.SimpleDateFormat") return format;
  if (name == "java.util.Random") return random;
  if (name == "java.util.UUID") return uuids;
  if (name == "java.lang.String") return texts;
  if (name == "java.lang.Double") return doubles;
  if (name == "java.lang.Boolean") return booleans;
  if (name == "java.lang.Integer") return ints;
  if (name == "java.lang.Long") return longs;
  if (name == "java.lang.Byte") return bytes;
  return {};
}

}  // namespace gennaker::expressions
