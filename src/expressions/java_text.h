#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Numbers and strings as Java writes, reads and measures them.
namespace gennaker::expressions {

std::string java_text(double number);
std::string java_text(float number);

/// Integer.parseInt and its like: an optional sign and digits of any script. nullopt: not such a number, or
/// outside of [lowest, highest].
std::optional<std::int64_t> parse_integer(std::string_view text, int radix, std::int64_t lowest,
                                          std::int64_t highest);
/// Double.parseDouble: blanks around it, an exponent, hexadecimal, NaN, Infinity, a suffix d or f.
std::optional<double> parse_double(std::string_view text);
std::optional<float> parse_float(std::string_view text);
std::string to_radix(std::uint64_t number, int radix);

// ---- UTF-16 code units, by which Java counts. `text` is UTF-8; a lone surrogate has three bytes. ----

bool is_ascii(std::string_view text);
std::u16string to_units(std::string_view text);
std::string from_units(std::u16string_view units);
std::size_t count_units(std::string_view text);
/// Appends one code point; surrogates by themselves too.
void append_code_point(std::string& out, char32_t point);
std::u32string to_points(std::string_view text);
std::string from_points(std::u32string_view points);
/// What is no UTF-8 after all (lone surrogates) becomes '?', as Java's encoder does.
std::string to_wire(std::string_view text);
/// Bytes from outside as a text: what is no UTF-8 becomes U+FFFD.
std::string from_wire(std::string_view bytes);

char32_t lower_case(char32_t point);
char32_t upper_case(char32_t point);
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
/// Java's Character.isLetter.
bool is_java_letter(char32_t point);
/// Java's Character.isWhitespace.
bool is_white_space(char32_t point);

}  // namespace gennaker::expressions
