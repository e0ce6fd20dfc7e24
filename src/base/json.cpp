#include "base/json.h"

#include <boost/json/stream_parser.hpp>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"

namespace gennaker::base {
namespace {

void append_double(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";  // JSON has no word for it
    return;
  }
  const std::string text = fmt::format("{}", number);
  out += text;
  if (text.find_first_of(".e") == std::string::npos) out += ".0";
}

template <class Integer>
void append_integer(std::string& out, Integer number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

void append_pretty(std::string& out, const json::value& value, int depth) {
  const auto line = [&](int level) {
    out += '\n';
    out.append(2 * static_cast<std::size_t>(level), ' ');
  };
  if (const auto* object = value.if_object(); object && !object->empty()) {
    out += '{';
    bool first = true;
    for (const auto& member : *object) {
      if (!first) out += ',';
      first = false;
      line(depth + 1);
      append_quoted(out, member.key());
      out += ": ";
      append_pretty(out, member.value(), depth + 1);
    }
    line(depth);
    out += '}';
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    out += '[';
    bool first = true;
    for (const auto& element : *array) {
      if (!first) out += ',';
      first = false;
      line(depth + 1);
      append_pretty(out, element, depth + 1);
    }
    line(depth);
    out += ']';
  } else {
    append_text(out, value);
  }
}

}  // namespace

json::value parse_json(std::string_view text, std::string_view what, JsonLimits limits) {
  if (text.size() > limits.bytes) {
    throw Error(Kind::invalid,
                fmt::format("{} is {} bytes long; the limit is {} bytes", what, text.size(), limits.bytes));
  }
  json::parse_options options;
  options.max_depth = limits.depth;
  json::stream_parser parser({}, options);
  boost::system::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error && read < text.size()) {
    const auto rest = trimmed(text.substr(read));
    if (!rest.empty()) error = json::error::extra_data;
  }
  if (!error) parser.finish(error);
  if (error == json::error::too_deep) {
    throw Error(Kind::invalid, fmt::format("{} is nested deeper than {} levels", what, limits.depth));
  }
  if (error) {
    throw Error(Kind::invalid,
                fmt::format("{} is not valid JSON: {} at byte {}", what, error.message(), read));
  }
  return parser.release();
}

json::object parse_json_object(std::string_view text, std::string_view what, JsonLimits limits) {
  json::value value = parse_json(text, what, limits);
  if (!value.is_object()) throw Error(Kind::invalid, fmt::format("{} must be a JSON object", what));
  return std::move(value.as_object());
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  std::size_t clean = 0;  // start of the run that needs no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const std::size_t length = length_of_character(text.substr(i));
      if (length > 0) {
        i += length - 1;
        continue;
      }
      out.append(text.substr(clean, i - clean));
      clean = i + 1;
      out += "\\ufffd";
      continue;
    }
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(clean, i - clean));
    clean = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += fmt::format("\\u{:04x}", c);
    }
  }
  out.append(text.substr(clean));
  out += '"';
}

void append_text(std::string& out, const json::object& object) {
  out += '{';
  bool first = true;
  for (const auto& member : object) {
    if (!first) out += ',';
    first = false;
    append_quoted(out, member.key());
    out += ':';
    append_text(out, member.value());
  }
  out += '}';
}

void append_text(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      break;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case json::kind::int64:
      append_integer(out, value.get_int64());
      break;
    case json::kind::uint64:
      append_integer(out, value.get_uint64());
      break;
    case json::kind::double_:
      append_double(out, value.get_double());
      break;
    case json::kind::string:
      append_quoted(out, value.get_string());
      break;
    case json::kind::object:
      append_text(out, value.get_object());
      break;
    case json::kind::array: {
      out += '[';
      bool first = true;
      for (const auto& element : value.get_array()) {
        if (!first) out += ',';
        first = false;
        append_text(out, element);
      }
      out += ']';
      break;
    }
  }
}

std::string to_text(const json::value& value) {
  std::string out;
  append_text(out, value);
  return out;
}

std::string to_text(const json::object& object) {
  std::string out;
  append_text(out, object);
  return out;
}

std::string to_text(const json::array& array) {
  std::string out = "[";
  for (const auto& element : array) {
    if (out.size() > 1) out += ',';
    append_text(out, element);
  }
  return out + "]";
}

std::string to_pretty_text(const json::value& value) {
  std::string out;
  append_pretty(out, value, 0);
  return out;
}

const json::value* find(const json::object& object, std::string_view key) {
  return object.if_contains(key);
}

const json::object* find_object(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? value->if_object() : nullptr;
}

const json::array* find_array(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? value->if_array() : nullptr;
}

std::optional<std::string> string_member(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

std::string string_or(const json::object& object, std::string_view key, std::string_view fallback) {
  return string_member(object, key).value_or(std::string(fallback));
}

std::optional<bool> bool_member(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  if (!value->is_string()) return std::nullopt;
  const std::string text = lower_case(trimmed(value->get_string()));
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

bool bool_or(const json::object& object, std::string_view key, bool fallback) {
  return bool_member(object, key).value_or(fallback);
}

std::optional<std::int64_t> whole_number(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_uint64()) {
    const auto number = value.get_uint64();
    if (number > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_double()) {
    const double number = value.get_double();
    if (number != std::floor(number) || std::abs(number) > 9e15) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (!value.is_string()) return std::nullopt;
  const auto text = trimmed(value.get_string());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> whole_number(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? whole_number(*value) : std::nullopt;
}

std::vector<std::string> string_list(const json::object& object, std::string_view key) {
  std::vector<std::string> list;
  const auto* value = object.if_contains(key);
  if (!value) return list;
  if (const auto* array = value->if_array()) {
    for (const auto& element : *array) list.push_back(plain_text(element));
  } else if (const auto* text = value->if_string()) {
    std::string_view rest = *text;
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      const auto part = trimmed(rest.substr(0, comma));
      if (!part.empty()) list.emplace_back(part);
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return list;
}

std::string plain_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  return to_text(value);
}

void merge_into(json::object& target, const json::object& patch) {
  for (const auto& member : patch) target.insert_or_assign(member.key(), member.value());
}

}  // namespace gennaker::base
