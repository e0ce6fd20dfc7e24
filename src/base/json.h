#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gennaker::base {

namespace json = boost::json;

/// What a document from outside may be at most. Source: issue "Bad input".
struct JsonLimits {
  std::size_t bytes = 10 * 1024 * 1024;
  std::size_t depth = 100;
};

/// Throws Error `invalid`; the message says what is wrong and at which byte, and begins with `what` ("the
/// request").
json::value parse_json(std::string_view text, std::string_view what, JsonLimits limits = {});
/// As parse_json, and refuses what is not an object.
json::object parse_json_object(std::string_view text, std::string_view what, JsonLimits limits = {});

/// Compact JSON. A double keeps the shape a person would write (1.5, 1.0, 1e+30), unlike Boost's 1.5E0.
std::string to_text(const json::value& value);
std::string to_text(const json::object& value);
std::string to_text(const json::array& value);
void append_text(std::string& out, const json::value& value);
void append_text(std::string& out, const json::object& value);
/// `text` with quotes around it and everything escaped that JSON wants escaped. What is not UTF-8 becomes
/// U+FFFD: whatever somebody sent us, what we write can be read.
void append_quoted(std::string& out, std::string_view text);
/// For people: two spaces a level.
std::string to_pretty_text(const json::value& value);

/// Member look-ups. nullptr or nullopt: absent or of another type. None converts, unless it says so.
const json::value* find(const json::object& object, std::string_view key);
const json::object* find_object(const json::object& object, std::string_view key);
const json::array* find_array(const json::object& object, std::string_view key);
std::optional<std::string> string_member(const json::object& object, std::string_view key);
std::string string_or(const json::object& object, std::string_view key, std::string_view fallback);
/// Accepts true/false and the texts "true"/"false" (any case), as Deck and expressions write them.
std::optional<bool> bool_member(const json::object& object, std::string_view key);
bool bool_or(const json::object& object, std::string_view key, bool fallback);
/// Accepts 3, 3.0 and "3".
std::optional<std::int64_t> whole_number(const json::object& object, std::string_view key);
std::optional<std::int64_t> whole_number(const json::value& value);
/// A list of texts, or one text, or a text with commas: what clients send where a list is meant.
std::vector<std::string> string_list(const json::object& object, std::string_view key);

/// Text of a scalar as a user wrote it: strings without quotes, the rest as JSON.
std::string plain_text(const json::value& value);

/// Members of `patch` replace or add to those of `target`; not recursive.
void merge_into(json::object& target, const json::object& patch);

}  // namespace gennaker::base
