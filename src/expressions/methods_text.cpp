#include <algorithm>
#include <fmt/format.h>

#include "expressions/failure.h"
#include "expressions/java_text.h"
#include "expressions/methods.h"
#include "expressions/regex.h"

namespace gennaker::expressions {
namespace {

using P = Parameter;

// What a method may make of one text and one number.
constexpr std::size_t longest_text = 1'000'000;

Failure too_long() {
  return java("OutOfMemoryError", "the text would be longer than 1,000,000 characters");
}

Failure out_of_bounds(std::int64_t begin, std::int64_t end, std::size_t length) {
  return java("StringIndexOutOfBoundsException",
              fmt::format("begin {}, end {}, length {}", begin, end, length));
}

/// Code units [begin, end).
std::string slice(std::string_view text, std::int64_t begin, std::int64_t end) {
  const bool ascii = is_ascii(text);
  const std::size_t length = ascii ? text.size() : count_units(text);
  if (begin < 0 || end < begin || end > static_cast<std::int64_t>(length))
    throw out_of_bounds(begin, end, length);
  const auto from = static_cast<std::size_t>(begin), count = static_cast<std::size_t>(end - begin);
  if (ascii) return std::string(text.substr(from, count));
  return from_units(std::u16string_view(to_units(text)).substr(from, count));
}

std::int32_t units_of(std::string_view text) {
  return static_cast<std::int32_t>(count_units(text));
}

Value text(std::string made) {
  return Value::text(std::move(made));
}
Value number(std::int64_t value) {
  return Value(static_cast<std::int32_t>(value));
}

char16_t unit_at(std::string_view of, std::int64_t index) {
  const std::u16string units = to_units(of);
  if (index < 0 || static_cast<std::size_t>(index) >= units.size())
    throw java("StringIndexOutOfBoundsException", fmt::format("index {}, length {}", index, units.size()));
  return units[static_cast<std::size_t>(index)];
}

std::u16string one_point(std::int32_t point) {
  std::string bytes;
  append_code_point(bytes, static_cast<char32_t>(point));
  return to_units(bytes);
}

std::int32_t index_of(std::string_view of, const std::u16string& wanted, std::int32_t from) {
  const std::u16string units = to_units(of);
  const std::size_t start = std::min<std::size_t>(static_cast<std::size_t>(std::max(from, 0)), units.size());
  const std::size_t found = units.find(wanted, start);
  return found == std::u16string::npos ? -1 : static_cast<std::int32_t>(found);
}

std::int32_t last_index_of(std::string_view of, const std::u16string& wanted, std::int32_t from) {
  if (from < 0) return -1;
  const std::size_t found = to_units(of).rfind(wanted, static_cast<std::size_t>(from));
  return found == std::u16string::npos ? -1 : static_cast<std::int32_t>(found);
}

std::string replace_literally(std::string_view in, std::string_view what, std::string_view by) {
  std::string out;
  if (what.empty()) {
    out += by;
    for (const char32_t point : to_points(in)) {
      append_code_point(out, point);
      out += by;
    }
    return out;
  }
  while (true) {
    const std::size_t at = in.find(what);
    out += in.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += by;
    in.remove_prefix(at + what.size());
  }
}

std::string strip(std::string_view of, bool leading, bool trailing) {
  std::u32string points = to_points(of);
  std::u32string_view view = points;
  while (leading && !view.empty() && is_white_space(view.front())) view.remove_prefix(1);
  while (trailing && !view.empty() && is_white_space(view.back())) view.remove_suffix(1);
  return from_points(view);
}

std::string_view trim(std::string_view of) {
  const auto is_low = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!of.empty() && is_low(of.front())) of.remove_prefix(1);
  while (!of.empty() && is_low(of.back())) of.remove_suffix(1);
  return of;
}

std::string repeat(std::string_view of, std::int32_t count) {
  if (count < 0) throw java("IllegalArgumentException", fmt::format("count is negative: {}", count));
  if (of.size() * static_cast<std::size_t>(count) > longest_text) throw too_long();
  std::string out;
  out.reserve(of.size() * static_cast<std::size_t>(count));
  for (std::int32_t i = 0; i < count; ++i) out += of;
  return out;
}

/// The languages whose letters change otherwise are not told apart.
std::string in_locale(const Call& c, std::string (*change)(std::string_view)) {
  if (c[0].is_null()) throw java("NullPointerException", "a locale is needed");
  return change(c.text());
}

std::vector<std::string_view> lines_of(std::string_view of) {
  std::vector<std::string_view> lines;
  while (!of.empty()) {
    const std::size_t end = of.find_first_of("\r\n");
    lines.push_back(of.substr(0, end));
    if (end == std::string_view::npos) break;
    of.remove_prefix(end + (of.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  return lines;
}

std::string indent(std::string_view of, std::int32_t count) {
  std::string out;
  if (count > 0 && static_cast<std::size_t>(count) * (lines_of(of).size() + 1) > longest_text)
    throw too_long();
  for (std::string_view line : lines_of(of)) {
    if (count > 0) out.append(static_cast<std::size_t>(count), ' ');
    for (std::int32_t i = count;
         i < 0 && !line.empty() && is_white_space(static_cast<unsigned char>(line.front())); ++i)
      line.remove_prefix(1);
    out += line;
    out += '\n';
  }
  return out;
}

std::string strip_indent(std::string_view of) {
  const std::vector<std::string_view> lines = lines_of(of);
  const auto margin_of = [](std::string_view line) {
    return std::min(line.find_first_not_of(" \t"), line.size());
  };
  std::size_t margin = SIZE_MAX;
  const bool ends_open = of.ends_with('\n') || of.ends_with('\r');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool blank = margin_of(lines[i]) == lines[i].size();
    if (!blank || (i + 1 == lines.size() && !ends_open)) margin = std::min(margin, margin_of(lines[i]));
  }
  if (ends_open) margin = 0;
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string_view line = lines[i].substr(std::min(margin == SIZE_MAX ? 0 : margin, lines[i].size()));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    if (i > 0) out += '\n';
    out += line;
  }
  if (ends_open) out += '\n';
  return out;
}

std::string translate_escapes(std::string_view of) {
  std::string out;
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (of[i] != '\\') {
      out += of[i];
      continue;
    }
    if (++i >= of.size()) throw java("IllegalArgumentException", "a backslash stands at the end");
    constexpr std::string_view letters = "btnfrs\"'\\";
    constexpr std::string_view meant = "\b\t\n\f\r \"'\\";
    if (const std::size_t at = letters.find(of[i]); at != std::string_view::npos) {
      out += meant[at];
    } else if (of[i] >= '0' && of[i] <= '7') {
      char32_t code = 0;
      const std::size_t most = of[i] <= '3' ? 3 : 2;
      std::size_t digits = 0;
      for (; digits < most && i < of.size() && of[i] >= '0' && of[i] <= '7'; ++digits, ++i)
        code = code * 8 + static_cast<char32_t>(of[i] - '0');
      --i;
      append_code_point(out, code);
    } else if (of[i] != '\n') {
      throw java("IllegalArgumentException", fmt::format("\\{} is not an escape", of[i]));
    }
  }
  return out;
}

std::int32_t compare(const std::u16string& a, const std::u16string& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] != b[i]) return a[i] - b[i];
  }
  return static_cast<std::int32_t>(a.size()) - static_cast<std::int32_t>(b.size());
}

/// Java folds up, then down.
std::string folded(std::string_view of) {
  std::string out;
  for (const char32_t point : to_points(of)) append_code_point(out, lower_case(upper_case(point)));
  return out;
}

bool region_matches(bool ignore_case, std::string_view a, std::int32_t at, std::string_view b,
                    std::int32_t from, std::int32_t length) {
  const std::u16string left = to_units(ignore_case ? folded(a) : std::string(a));
  const std::u16string right = to_units(ignore_case ? folded(b) : std::string(b));
  const auto inside = [length](const std::u16string& units, std::int32_t start) {
    return start >= 0 && std::int64_t{start} + length <= static_cast<std::int64_t>(units.size());
  };
  if (!inside(left, at) || !inside(right, from)) return false;
  if (length <= 0) return true;
  return left.compare(static_cast<std::size_t>(at), static_cast<std::size_t>(length), right,
                      static_cast<std::size_t>(from), static_cast<std::size_t>(length)) == 0;
}

Value bytes_of(std::string_view of, std::string_view charset) {
  std::string name = to_lower(charset);
  std::vector<Value> items;
  const auto put = [&](unsigned byte) { items.push_back(Value(static_cast<std::int8_t>(byte))); };
  if (name == "utf-8" || name == "utf8") {
    for (const char c : to_wire(of)) put(static_cast<unsigned char>(c));
  } else if (name == "us-ascii" || name == "ascii" || name == "iso-8859-1" || name == "latin1") {
    const char32_t limit = name.ends_with("ascii") ? 0x80 : 0x100;
    for (const char32_t point : to_points(of)) put(point < limit ? point : U'?');
  } else if (name == "utf-16" || name == "utf-16be") {
    if (name == "utf-16") {
      put(0xfe);
      put(0xff);
    }
    for (const char16_t unit : to_units(of)) {
      put(unit >> 8);
      put(unit & 0xff);
    }
  } else {
    throw java("UnsupportedEncodingException", std::string(charset));
  }
  return Value(Sequence::array("byte", std::move(items)));
}

Value strings(std::vector<std::string> parts) {
  std::vector<Value> items;
  for (std::string& part : parts) items.push_back(Value::text(std::move(part)));
  return Value(Sequence::array("String", std::move(items)));
}

std::vector<Method> make_methods() {
  return {
      {"length", {}, [](const Call& c) { return number(units_of(c.text())); }},
      {"isEmpty", {}, [](const Call& c) { return Value(c.text().empty()); }},
      {"isBlank", {}, [](const Call& c) { return Value(strip(c.text(), true, false).empty()); }},
      {"charAt", {P::int_}, [](const Call& c) { return Value(unit_at(c.text(), c.integer(0))); }},
      {"codePointAt",
       {P::int_},
       [](const Call& c) {
         const std::int32_t at = c.integer(0);
         const char16_t high = unit_at(c.text(), at);
         const std::u16string units = to_units(c.text());
         const auto next = static_cast<std::size_t>(at) + 1;
         if (high >= 0xd800 && high < 0xdc00 && next < units.size() && units[next] >= 0xdc00 &&
             units[next] < 0xe000)
           return number(0x10000 + ((high - 0xd800) << 10) + (units[next] - 0xdc00));
         return number(high);
       }},
      {"codePointBefore",
       {P::int_},
       [](const Call& c) { return number(unit_at(c.text(), std::int64_t{c.integer(0)} - 1)); }},
      {"codePointCount",
       {P::int_, P::int_},
       [](const Call& c) {
         return number(
             static_cast<std::int64_t>(to_points(slice(c.text(), c.integer(0), c.integer(1))).size()));
       }},
      {"indexOf",
       {P::string},
       [](const Call& c) { return number(index_of(c.text(), to_units(c.text(0)), 0)); }},
      {"indexOf",
       {P::int_},
       [](const Call& c) { return number(index_of(c.text(), one_point(c.integer(0)), 0)); }},
      {"indexOf",
       {P::string, P::int_},
       [](const Call& c) { return number(index_of(c.text(), to_units(c.text(0)), c.integer(1))); }},
      {"indexOf",
       {P::int_, P::int_},
       [](const Call& c) { return number(index_of(c.text(), one_point(c.integer(0)), c.integer(1))); }},
      {"lastIndexOf",
       {P::string},
       [](const Call& c) { return number(last_index_of(c.text(), to_units(c.text(0)), INT32_MAX)); }},
      {"lastIndexOf",
       {P::int_},
       [](const Call& c) { return number(last_index_of(c.text(), one_point(c.integer(0)), INT32_MAX)); }},
      {"lastIndexOf",
       {P::string, P::int_},
       [](const Call& c) { return number(last_index_of(c.text(), to_units(c.text(0)), c.integer(1))); }},
      {"lastIndexOf",
       {P::int_, P::int_},
       [](const Call& c) { return number(last_index_of(c.text(), one_point(c.integer(0)), c.integer(1))); }},
      {"contains",
       {P::char_sequence},
       [](const Call& c) { return Value(c.text().find(c.text(0)) != std::string_view::npos); }},
      {"startsWith", {P::string}, [](const Call& c) { return Value(c.text().starts_with(c.text(0))); }},
      {"startsWith",
       {P::string, P::int_},
       [](const Call& c) {
         const std::u16string units = to_units(c.text()), wanted = to_units(c.text(0));
         const std::int32_t at = c.integer(1);
         const bool inside = at >= 0 && static_cast<std::size_t>(at) <= units.size();
         return Value(inside &&
                      std::u16string_view(units).substr(static_cast<std::size_t>(at)).starts_with(wanted));
       }},
      {"endsWith", {P::string}, [](const Call& c) { return Value(c.text().ends_with(c.text(0))); }},
      {"equals", {P::object}, [](const Call& c) { return Value(java_equals(c.self, c[0])); }},
      {"contentEquals", {P::char_sequence}, [](const Call& c) { return Value(c.text() == c.text(0)); }},
      {"equalsIgnoreCase",
       {P::string},
       [](const Call& c) { return Value(!c[0].is_null() && folded(c.text()) == folded(c.text(0))); }},
      {"compareTo",
       {P::string},
       [](const Call& c) { return number(compare(to_units(c.text()), to_units(c.text(0)))); }},
      {"compareToIgnoreCase",
       {P::string},
       [](const Call& c) {
         return number(compare(to_units(folded(c.text())), to_units(folded(c.text(0)))));
       }},
      {"substring",
       {P::int_},
       [](const Call& c) { return text(slice(c.text(), c.integer(0), units_of(c.text()))); }},
      {"substring",
       {P::int_, P::int_},
       [](const Call& c) { return text(slice(c.text(), c.integer(0), c.integer(1))); }},
      {"concat",
       {P::string},
       [](const Call& c) { return text(std::string(c.text()) + std::string(c.text(0))); }},
      {"replace",
       {P::character, P::character},
       [](const Call& c) {
         std::u16string units = to_units(c.text());
         std::replace(units.begin(), units.end(), c.unit(0), c.unit(1));
         return text(from_units(units));
       }},
      {"replace",
       {P::char_sequence, P::char_sequence},
       [](const Call& c) { return text(replace_literally(c.text(), c.text(0), c.text(1))); }},
      {"replaceAll",
       {P::string, P::string},
       [](const Call& c) { return text(Regex::compiled(c.text(0))->replace(c.text(), c.text(1), true)); }},
      {"replaceFirst",
       {P::string, P::string},
       [](const Call& c) { return text(Regex::compiled(c.text(0))->replace(c.text(), c.text(1), false)); }},
      {"split",
       {P::string},
       [](const Call& c) { return strings(Regex::compiled(c.text(0))->split(c.text(), 0)); }},
      {"split",
       {P::string, P::int_},
       [](const Call& c) { return strings(Regex::compiled(c.text(0))->split(c.text(), c.integer(1))); }},
      {"matches",
       {P::string},
       [](const Call& c) { return Value(Regex::compiled(c.text(0))->matches(c.text())); }},
      {"toLowerCase", {}, [](const Call& c) { return text(to_lower(c.text())); }},
      {"toUpperCase", {}, [](const Call& c) { return text(to_upper(c.text())); }},
      {"toLowerCase", {P::locale}, [](const Call& c) { return text(in_locale(c, to_lower)); }},
      {"toUpperCase", {P::locale}, [](const Call& c) { return text(in_locale(c, to_upper)); }},
      {"trim", {}, [](const Call& c) { return text(std::string(trim(c.text()))); }},
      {"strip", {}, [](const Call& c) { return text(strip(c.text(), true, true)); }},
      {"stripLeading", {}, [](const Call& c) { return text(strip(c.text(), true, false)); }},
      {"stripTrailing", {}, [](const Call& c) { return text(strip(c.text(), false, true)); }},
      {"repeat", {P::int_}, [](const Call& c) { return text(repeat(c.text(), c.integer(0))); }},
      {"indent", {P::int_}, [](const Call& c) { return text(indent(c.text(), c.integer(0))); }},
      {"stripIndent", {}, [](const Call& c) { return text(strip_indent(c.text())); }},
      {"translateEscapes", {}, [](const Call& c) { return text(translate_escapes(c.text())); }},
      {"formatted",
       {P::object},
       [](const Call& c) { return text(format_java(c.text(), c.sequence(0)->items())); },
       true},
      {"toCharArray",
       {},
       [](const Call& c) {
         std::vector<Value> items;
         for (const char16_t unit : to_units(c.text())) items.push_back(Value(unit));
         return Value(Sequence::array("char", std::move(items)));
       }},
      {"getBytes", {}, [](const Call& c) { return bytes_of(c.text(), "utf-8"); }},
      {"getBytes", {P::charset}, [](const Call& c) { return bytes_of(c.text(), c.text(0)); }},
      {"getBytes", {P::string}, [](const Call& c) { return bytes_of(c.text(), c.text(0)); }},
      {"hashCode", {}, [](const Call& c) { return Value(java_hash(c.self)); }},
      {"toString", {}, [](const Call& c) { return c.self; }},
      {"intern", {}, [](const Call& c) { return c.self; }},
      {"regionMatches",
       {P::int_, P::string, P::int_, P::int_},
       [](const Call& c) {
         return Value(region_matches(false, c.text(), c.integer(0), c.text(1), c.integer(2), c.integer(3)));
       }},
      {"regionMatches",
       {P::boolean, P::int_, P::string, P::int_, P::int_},
       [](const Call& c) {
         return Value(
             region_matches(c.truth(0), c.text(), c.integer(1), c.text(2), c.integer(3), c.integer(4)));
       }},
  };
}

std::string joined(std::string_view separator, const std::vector<Value>& items) {
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += separator;
    if (!items[i].is_text() && !items[i].is_null())
      throw java("ClassCastException", fmt::format("a value of type {} is not a text", type_name(items[i])));
    out += java_text(items[i]);
  }
  return out;
}

Value text_of(const Call& c) {
  return text(java_text(c[0]));
}

std::vector<Method> make_static_methods() {
  const auto characters = [](const Call& c) {
    std::u16string units;
    for (const Value& item : c.sequence(0)->items()) units += *item.get<char16_t>();
    return text(from_units(units));
  };
  return {
      {"valueOf", {P::characters}, characters},
      {"valueOf", {P::boolean}, text_of},
      {"valueOf", {P::character}, text_of},
      {"valueOf", {P::int_}, text_of},
      {"valueOf", {P::long_}, text_of},
      {"valueOf", {P::float_}, text_of},
      {"valueOf", {P::double_}, text_of},
      {"valueOf", {P::object}, text_of},
      {"copyValueOf", {P::characters}, characters},
      {"join",
       {P::char_sequence, P::char_sequence},
       [](const Call& c) { return text(joined(c.text(0), c.sequence(1)->items())); },
       true},
      {"join",
       {P::char_sequence, P::iterable},
       [](const Call& c) { return text(joined(c.text(0), c.sequence(1)->items())); }},
      {"format",
       {P::locale, P::string, P::object},
       [](const Call& c) { return text(format_java(c.text(1), c.sequence(2)->items())); },
       true},
      {"format",
       {P::string, P::object},
       [](const Call& c) { return text(format_java(c.text(0), c.sequence(1)->items())); },
       true},
  };
}

}  // namespace

Methods text_methods() {
  static const std::vector<Method> methods = make_methods();
  return methods;
}

Methods static_text_methods() {
  static const std::vector<Method> methods = make_static_methods();
  return methods;
}

}  // namespace gennaker::expressions
