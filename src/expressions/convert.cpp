#include "expressions/convert.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "base/text.h"
#include "expressions/failure.h"
#include "expressions/java_text.h"
#include "expressions/times.h"

namespace gennaker::expressions {
namespace {

Failure no_conversion(const Value& value, std::string_view to) {
  return {"ConverterNotFoundException", "EL1001E",
          fmt::format("EL1001E: a value of type {} cannot be turned into {}", type_name(value), to)};
}

template <class To>
To saturate(double number) {
  if (std::isnan(number)) return 0;
  if (number <= static_cast<double>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
  if (number >= static_cast<double>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
  return static_cast<To>(number);
}

std::int64_t low_bits(const BigInteger& number) {
  const BigInteger bits = number & BigInteger(UINT64_MAX);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(bits));
}

std::string_view number_name(Parameter parameter) {
  switch (parameter) {
    case Parameter::byte_:
    case Parameter::boxed_byte:
      return "byte";
    case Parameter::short_:
      return "short";
    case Parameter::long_:
    case Parameter::boxed_long:
      return "long";
    case Parameter::float_:
    case Parameter::boxed_float:
      return "float";
    case Parameter::double_:
    case Parameter::boxed_double:
      return "double";
    default:
      return "int";
  }
}

bool is_boxed(Parameter parameter) {
  return parameter >= Parameter::boxed_int;
}

bool is_numeric(Parameter parameter) {
  return (parameter >= Parameter::byte_ && parameter <= Parameter::double_) ||
         (is_boxed(parameter) && parameter != Parameter::boxed_boolean);
}

/// The parameter that a value has exactly; `object` for those without.
Parameter own_parameter(const Value& value) {
  struct Visitor {
    Parameter operator()(Null) const { return Parameter::object; }
    Parameter operator()(bool) const { return Parameter::boxed_boolean; }
    Parameter operator()(std::int8_t) const { return Parameter::boxed_byte; }
    Parameter operator()(std::int16_t) const { return Parameter::short_; }
    Parameter operator()(std::int32_t) const { return Parameter::boxed_int; }
    Parameter operator()(std::int64_t) const { return Parameter::boxed_long; }
    Parameter operator()(float) const { return Parameter::boxed_float; }
    Parameter operator()(double) const { return Parameter::boxed_double; }
    Parameter operator()(const std::shared_ptr<const BigInteger>&) const { return Parameter::object; }
    Parameter operator()(char16_t) const { return Parameter::character; }
    Parameter operator()(const Text&) const { return Parameter::string; }
    Parameter operator()(const SequencePtr& sequence) const {
      if (sequence->is_array()) {
        if (sequence->element() == "byte") return Parameter::bytes;
        return sequence->element() == "char" ? Parameter::characters : Parameter::array;
      }
      return sequence->kind() == Sequence::Kind::list ? Parameter::list : Parameter::collection;
    }
    Parameter operator()(const MapPtr&) const { return Parameter::map; }
    Parameter operator()(const ObjectPtr& object) const { return time_parameter(*object); }
  };
  return std::visit(Visitor{}, value.data());
}

Parameter unboxed(Parameter parameter) {
  switch (parameter) {
    case Parameter::boxed_int:
      return Parameter::int_;
    case Parameter::boxed_long:
      return Parameter::long_;
    case Parameter::boxed_float:
      return Parameter::float_;
    case Parameter::boxed_double:
      return Parameter::double_;
    case Parameter::boxed_byte:
      return Parameter::byte_;
    case Parameter::boxed_boolean:
      return Parameter::boolean;
    default:
      return parameter;
  }
}

Value parse_number(std::string_view text, Parameter parameter) {
  const std::string_view name = number_name(parameter);
  if (text.empty()) {
    if (is_boxed(parameter)) return {};
    throw Failure("IllegalArgumentException", "EL1001E", "EL1001E: an empty text is no number");
  }
  const auto refuse = [&] {
    return Failure("NumberFormatException", "EL1001E",
                   fmt::format("EL1001E: '{}' is not a number of type {}", text, name));
  };
  // Spring drops all blanks from what it reads.
  std::string digits;
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') digits += c;
  }
  if (name == "float" || name == "double") {
    const auto number = parse_double(digits);
    if (!number) throw refuse();
    return name == "float" ? Value(*parse_float(digits)) : Value(*number);
  }
  const bool negative = digits.starts_with('-');
  const std::string_view body = std::string_view(digits).substr(negative ? 1 : 0);
  const bool hexadecimal = body.starts_with("0x") || body.starts_with("0X") || body.starts_with('#');
  const std::string magnitude = std::string(body.substr(body.starts_with('#') ? 1 : hexadecimal ? 2 : 0));
  const std::int64_t lowest = name == "byte"    ? -128
                              : name == "short" ? -32768
                              : name == "int"   ? INT32_MIN
                                                : INT64_MIN;
  const std::int64_t highest = -(lowest + 1);
  const auto number = hexadecimal ? parse_integer((negative ? "-" : "") + magnitude, 16, lowest, highest)
                                  : parse_integer(digits, 10, lowest, highest);
  if (!number) throw refuse();
  return convert(Value(*number), parameter);
}

/// Fractions are cut off; what is too large is refused.
std::int64_t within(const Value& number, std::int64_t lowest, std::int64_t highest) {
  const bool huge = number.big() && (*number.big() < lowest || *number.big() > highest);
  const std::int64_t whole = huge ? 0 : as_long(number);
  if (!huge && whole >= lowest && whole <= highest) return whole;
  throw Failure("IllegalArgumentException", "EL1001E",
                fmt::format("EL1001E: {} is not between {} and {}", java_text(number), lowest, highest));
}

Value to_number(const Value& number, Parameter parameter) {
  switch (unboxed(parameter)) {
    case Parameter::byte_:
      return Value(static_cast<std::int8_t>(within(number, INT8_MIN, INT8_MAX)));
    case Parameter::short_:
      return Value(static_cast<std::int16_t>(within(number, INT16_MIN, INT16_MAX)));
    case Parameter::long_:
      return Value(number.big() ? within(number, INT64_MIN, INT64_MAX) : as_long(number));
    case Parameter::float_:
      return Value(as_float(number));
    case Parameter::double_:
      return Value(as_double(number));
    default:
      return Value(static_cast<std::int32_t>(within(number, INT32_MIN, INT32_MAX)));
  }
}

/// Lists and arrays stand for their first item where one value is wanted.
Value first_of(const Value& value) {
  const SequencePtr sequence = value.sequence();
  return sequence->items().empty() ? Value() : sequence->items().front();
}

std::vector<Value> split_at_commas(std::string_view text) {
  std::vector<Value> parts;
  if (text.empty()) return parts;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.push_back(Value::text(std::string(base::trimmed(text.substr(0, comma)))));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

/// A value of the type that an array has by its name; nullopt: of any.
std::optional<Value> example_of(std::string_view element) {
  if (element == "int" || element == "Integer") return Value(std::int32_t{0});
  if (element == "long" || element == "Long") return Value(std::int64_t{0});
  if (element == "double" || element == "Double") return Value(0.0);
  if (element == "float" || element == "Float") return Value(0.0F);
  if (element == "byte" || element == "Byte") return Value(std::int8_t{0});
  if (element == "short" || element == "Short") return Value(std::int16_t{0});
  if (element == "boolean" || element == "Boolean") return Value(false);
  if (element == "char" || element == "Character") return Value(u'0');
  if (element == "String") return Value::text("0");
  return std::nullopt;
}

bool is_primitive(Parameter parameter) {
  return parameter == Parameter::boolean || parameter == Parameter::character ||
         (is_numeric(parameter) && !is_boxed(parameter));
}

bool has_text(const Value& value) {
  if (value.map()) return false;
  return value.object() == nullptr || value.object()->converts_to_text();
}

Suits conversion(bool possible) {
  return possible ? Suits::converted : Suits::not_at_all;
}

/// A list of who knows what may become anything: whether it does is found out when it is converted. Of an
/// array the elements' type is known.
Suits suits_sequence(const Sequence& sequence, Parameter parameter) {
  switch (parameter) {
    case Parameter::object:
      return Suits::closely;
    case Parameter::collection:
      return sequence.is_array() ? Suits::converted : Suits::closely;
    case Parameter::iterable:
      if (!sequence.is_array()) return Suits::closely;
      break;
    case Parameter::list:
    case Parameter::array:
    case Parameter::string:
      return Suits::converted;
    default:
      break;
  }
  if (!sequence.is_array()) return Suits::converted;
  const std::optional<Value> example = example_of(sequence.element());
  if (parameter == Parameter::bytes) parameter = Parameter::byte_;
  if (parameter == Parameter::characters) parameter = Parameter::character;
  return conversion(!example || suits(*example, parameter) != Suits::not_at_all);
}

/// Whether a list is no more than its first item there.
bool takes_many(Parameter parameter) {
  return parameter == Parameter::object || parameter == Parameter::string ||
         parameter == Parameter::collection || parameter == Parameter::iterable ||
         parameter == Parameter::list || parameter == Parameter::array || parameter == Parameter::bytes ||
         parameter == Parameter::characters;
}

/// The items of what becomes an array.
std::vector<Value> elements_of(const Value& value) {
  if (const SequencePtr sequence = value.sequence()) return sequence->items();
  return value.is_text() ? split_at_commas(value.text()) : std::vector<Value>{value};
}

}  // namespace

bool to_condition(const Value& value) {
  if (const bool* truth = value.get<bool>()) return *truth;
  if (value.is_null() || (value.is_text() && value.text().empty()))
    throw spel("EL1001E", "null cannot be turned into a boolean");
  if (value.is_text()) {
    const std::string word = base::lower_case(base::trimmed(value.text()));
    if (word.empty()) throw spel("EL1001E", "null cannot be turned into a boolean");
    for (const std::string_view yes : {"true", "on", "yes", "1"}) {
      if (word == yes) return true;
    }
    for (const std::string_view no : {"false", "off", "no", "0"}) {
      if (word == no) return false;
    }
    throw Failure("IllegalArgumentException", "EL1001E",
                  fmt::format("EL1001E: '{}' is neither true nor false", value.text()));
  }
  if (suits(value, Parameter::boolean) == Suits::not_at_all) throw no_conversion(value, "a boolean");
  if (value.sequence()) return to_condition(first_of(value));
  throw no_conversion(value, "a boolean");
}

std::string to_joined_text(const Value& value) {
  const WalkStep step;
  if (const SequencePtr sequence = value.sequence()) {
    std::string text;
    bool first = true;
    for (const Value& item : sequence->items()) {
      if (!std::exchange(first, false)) text += ',';
      text += to_joined_text(item);
    }
    return text;
  }
  if (!has_text(value)) throw no_conversion(value, "text: #toJson(...) writes it as JSON");
  return java_text(value);
}

Suits suits(const Value& argument, Parameter parameter) {
  if (argument.is_null()) return is_primitive(parameter) ? Suits::not_at_all : Suits::exactly;
  const Parameter own = own_parameter(argument);
  const bool known = own != Parameter::object;
  if (known && own == parameter) return Suits::exactly;
  if (known && unboxed(own) == unboxed(parameter)) return Suits::closely;
  if (const SequencePtr sequence = argument.sequence()) return suits_sequence(*sequence, parameter);
  switch (parameter) {
    case Parameter::object:
      return Suits::closely;
    case Parameter::string:
      return conversion(has_text(argument));
    case Parameter::char_sequence:
      return argument.is_text() ? Suits::closely : Suits::not_at_all;
    case Parameter::boolean:
    case Parameter::boxed_boolean:
      return conversion(argument.is_text());
    case Parameter::character:
      return conversion(argument.is_number() || argument.is_text());
    case Parameter::collection:
    case Parameter::list:
    case Parameter::array:
      return Suits::converted;
    case Parameter::characters:
      return conversion(argument.is_text() || argument.is_number() || argument.get<char16_t>());
    case Parameter::bytes:
      return conversion(argument.is_text() || argument.is_number() || argument.get<char16_t>());
    case Parameter::charset:
    case Parameter::locale:
    case Parameter::uuid:
    case Parameter::day_of_week:
    case Parameter::chrono_unit:
      return conversion(argument.is_text());
    default:
      break;
  }
  if (!is_numeric(parameter)) return Suits::not_at_all;
  const bool to_int = unboxed(parameter) == Parameter::int_;
  return conversion(argument.is_number() || argument.is_text() || argument.get<char16_t>() != nullptr ||
                    (to_int && argument.object_as<EnumObject>()));
}

Value convert_checked(const Value& argument, Parameter parameter) {
  if (argument.is_null() && is_primitive(parameter))
    throw Failure("IllegalArgumentException", "EL1001E",
                  "EL1001E: null cannot stand for a number or a truth");
  if (suits(argument, parameter) == Suits::not_at_all) throw no_conversion(argument, "what is asked for");
  return convert(argument, parameter);
}

Value convert(const Value& argument, Parameter parameter) {
  if (argument.is_null()) return argument;
  if (argument.sequence() && !takes_many(parameter)) return convert_checked(first_of(argument), parameter);
  if (is_numeric(parameter)) {
    if (argument.is_number()) return to_number(argument, parameter);
    if (const char16_t* unit = argument.get<char16_t>())
      return to_number(Value(std::int32_t{*unit}), parameter);
    if (const auto* constant = argument.object_as<EnumObject>()) return Value(constant->ordinal());
    return parse_number(argument.text(), parameter);
  }
  switch (parameter) {
    case Parameter::string:
      return argument.is_text() ? argument : Value::text(to_joined_text(argument));
    case Parameter::boolean:
    case Parameter::boxed_boolean:
      if (argument.is_text() && base::trimmed(argument.text()).empty()) return convert_checked({}, parameter);
      return Value(to_condition(argument));
    case Parameter::character: {
      if (argument.get<char16_t>()) return argument;
      if (argument.is_number()) return Value(static_cast<char16_t>(as_int(argument)));
      const std::u16string units = to_units(argument.text());
      if (units.size() != 1)
        throw Failure("IllegalArgumentException", "EL1001E",
                      fmt::format("EL1001E: '{}' is not one character", argument.text()));
      return Value(units[0]);
    }
    case Parameter::collection:
    case Parameter::list:
    case Parameter::array:
      if (argument.sequence()) return argument;
      return argument.is_text() ? make_list(split_at_commas(argument.text())) : make_list({argument});
    case Parameter::bytes:
    case Parameter::characters: {
      const bool of_bytes = parameter == Parameter::bytes;
      std::vector<Value> items = elements_of(argument);
      for (Value& item : items)
        item = convert_checked(item, of_bytes ? Parameter::byte_ : Parameter::character);
      return Value(Sequence::array(of_bytes ? "byte" : "char", std::move(items)));
    }
    case Parameter::uuid:
    case Parameter::day_of_week:
    case Parameter::chrono_unit:
      return argument.is_text() ? time_of_text(argument.text(), parameter) : argument;
    default:
      return argument;
  }
}

std::int64_t as_long(const Value& number) {
  if (const auto* i = number.get<std::int32_t>()) return *i;
  if (const auto* l = number.get<std::int64_t>()) return *l;
  if (const auto* d = number.get<double>()) return saturate<std::int64_t>(*d);
  if (const auto* f = number.get<float>()) return saturate<std::int64_t>(static_cast<double>(*f));
  if (const auto* b = number.get<std::int8_t>()) return *b;
  if (const auto* s = number.get<std::int16_t>()) return *s;
  return number.big() ? low_bits(*number.big()) : 0;
}

std::int32_t as_int(const Value& number) {
  if (const auto* d = number.get<double>()) return saturate<std::int32_t>(*d);
  if (const auto* f = number.get<float>()) return saturate<std::int32_t>(static_cast<double>(*f));
  return static_cast<std::int32_t>(as_long(number));
}

double as_double(const Value& number) {
  if (const auto* d = number.get<double>()) return *d;
  if (const auto* f = number.get<float>()) return static_cast<double>(*f);
  if (number.big()) return parse_double(number.big()->str()).value_or(0);
  return static_cast<double>(as_long(number));
}

float as_float(const Value& number) {
  if (const auto* f = number.get<float>()) return *f;
  if (number.is_integer() && !number.big()) return static_cast<float>(as_long(number));
  return static_cast<float>(as_double(number));
}

BigInteger as_big(const Value& number) {
  return number.big() ? *number.big() : BigInteger(as_long(number));
}

std::int32_t to_index(const Value& value) {
  if (value.sequence()) return to_index(first_of(value));
  if (value.is_null() || (value.is_text() && value.text().empty()))
    throw java("IllegalStateException", "an index is needed, not null or nothing");
  if (suits(value, Parameter::int_) == Suits::not_at_all) throw no_conversion(value, "an index");
  return as_int(convert(value, Parameter::int_));
}

}  // namespace gennaker::expressions
