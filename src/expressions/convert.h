#pragma once

#include "expressions/value.h"

/// From one type to another, as Spring's conversion service does it.
namespace gennaker::expressions {

/// An operand of and, or, not, a ternary's condition. Throws Failure.
bool to_condition(const Value& value);

/// In a longer text, next to a string, inside a list: texts as they are, elements of lists joined with
/// commas. Maps, stages and their like have no text there. Throws Failure.
std::string to_joined_text(const Value& value);

/// What a method asks for.
enum class Parameter : std::uint8_t {
  boolean,
  byte_,
  short_,
  int_,
  long_,
  float_,
  double_,
  character,
  string,
  char_sequence,
  object,
  collection,
  iterable,
  list,
  map,
  array,
  bytes,
  characters,
  date,
  instant,
  local_date,
  local_date_time,
  day_of_week,
  chrono_unit,
  uuid,
  charset,
  locale,
  boxed_int,
  boxed_long,
  boxed_float,
  boxed_double,
  boxed_byte,
  boxed_boolean,
};

/// How well an argument suits; lower is better.
enum class Suits : std::uint8_t { exactly, closely, converted, not_at_all };
Suits suits(const Value& argument, Parameter parameter);
/// Of an argument that suits somehow. Throws Failure (NumberFormatException and its like).
Value convert(const Value& argument, Parameter parameter);
/// Of any argument: throws Failure with the code EL1001E for one that does not suit.
Value convert_checked(const Value& argument, Parameter parameter);

/// Any number as another: truncated, wrapped, saturated as Java's casts do.
std::int32_t as_int(const Value& number);
std::int64_t as_long(const Value& number);
double as_double(const Value& number);
float as_float(const Value& number);
BigInteger as_big(const Value& number);

/// An index in brackets: numbers truncated, texts read. Throws Failure with the code EL1001E.
std::int32_t to_index(const Value& value);

}  // namespace gennaker::expressions
