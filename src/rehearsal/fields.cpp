#include "rehearsal/fields.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/nearest_name.h"
#include "rehearsal/time_text.h"

namespace gennaker::rehearsal {
namespace {

std::string joined(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::vector<std::string> names_of(const Shape& shape) {
  return {shape.keys.begin(), shape.keys.end()};
}

}  // namespace

void refuse_value(const std::string& file, int line, std::string_view path, std::string_view why) {
  throw base::Error(base::Kind::invalid,
                    fmt::format("{}: {}{}{}", to_string({file, line}), path, path.empty() ? "" : ": ", why),
                    {{"field", path}});
}

std::chrono::milliseconds duration_of(const std::string& file, const std::string& path,
                                      const Located& value) {
  const auto read = value.sort == Located::Sort::scalar ? parse_duration(value.text) : std::nullopt;
  if (!read) refuse_value(file, value.line, path, "a duration is needed, such as 90s, 2h 30m or 1d");
  return *read;
}

Fields::Fields(const std::string& file, std::string path, const Located& at, const Shape& shape)
    : file_(file), path_(std::move(path)), at_(at) {
  if (!at.is_mapping()) {
    refuse_all(fmt::format("a mapping is needed, with some of: {}", fmt::join(shape.keys, ", ")));
  }
  for (const auto& member : at.members) {
    if (std::find(shape.keys.begin(), shape.keys.end(), member.key) != shape.keys.end()) continue;
    const auto nearest = clusters::nearest_name(member.key, names_of(shape));
    refuse_value(file_, member.line, joined(path_, member.key),
                 nearest ? fmt::format("this key is unknown; did you mean '{}'?", *nearest)
                         : fmt::format("this key is unknown; known here: {}", fmt::join(shape.keys, ", ")));
  }
}

const Located* Fields::find(std::string_view key) const {
  const Located* value = at_.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

const Located& Fields::required(std::string_view key) const {
  const Located* value = find(key);
  if (value == nullptr) refuse_value(file_, at_.line, joined(path_, key), "is missing");
  return *value;
}

std::string Fields::path_of(std::string_view key) const {
  return joined(path_, key);
}

Place Fields::place_of(std::string_view key) const {
  const Located* value = find(key);
  return {file_, value ? value->line : at_.line};
}

void Fields::refuse(std::string_view key, std::string_view why) const {
  refuse_value(file_, place_of(key).line, path_of(key), why);
}

void Fields::refuse_all(std::string_view why) const {
  refuse_value(file_, at_.line, path_, why);
}

std::string Fields::text(std::string_view key, std::string_view fallback) const {
  const Located* value = find(key);
  if (value == nullptr) return std::string(fallback);
  if (value->sort != Located::Sort::scalar) refuse(key, "a text is needed");
  return value->text;
}

bool Fields::flag(std::string_view key, bool fallback) const {
  const Located* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->scalar.is_bool()) refuse(key, "true or false is needed");
  return value->scalar.get_bool();
}

std::optional<int> Fields::number(std::string_view key, int most) const {
  const Located* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto* whole = value->scalar.if_int64();
  if (whole == nullptr || *whole < 0 || *whole > most)
    refuse(key, fmt::format("a whole number from 0 to {} is needed", most));
  return static_cast<int>(*whole);
}

std::optional<std::chrono::milliseconds> Fields::duration(std::string_view key) const {
  const Located* value = find(key);
  if (value == nullptr) return std::nullopt;
  return duration_of(file_, path_of(key), *value);
}

json::object Fields::object(std::string_view key) const {
  const Located* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_mapping()) refuse(key, "a mapping is needed");
  return to_json(*value).as_object();
}

std::vector<std::string> Fields::texts(std::string_view key) const {
  const Located* value = find(key);
  if (value == nullptr) return {};
  if (value->sort == Located::Sort::scalar) return {value->text};
  std::vector<std::string> all;
  each_item(key, [&](const Located& item, const std::string& path) {
    if (item.sort != Located::Sort::scalar) refuse_value(file_, item.line, path, "a text is needed");
    all.push_back(item.text);
  });
  return all;
}

std::string Fields::one_of(std::string_view key, const std::vector<std::string>& words,
                           std::string_view fallback) const {
  std::string given = text(key, fallback);
  if (std::find(words.begin(), words.end(), given) != words.end() || (!has(key) && given == fallback))
    return given;
  refuse(key, fmt::format("'{}' is none of {}", given, fmt::join(words, ", ")));
}

void Fields::each_item(std::string_view key,
                       const std::function<void(const Located&, std::string)>& read) const {
  const Located* value = find(key);
  if (value == nullptr) return;
  if (!value->is_list()) refuse(key, "a list is needed");
  for (std::size_t i = 0; i < value->items.size(); ++i)
    read(value->items[i], fmt::format("{}[{}]", path_of(key), i));
}

void Fields::each_member(std::string_view key,
                         const std::function<void(const Located::Member&, std::string)>& read) const {
  const Located* value = find(key);
  if (value == nullptr) return;
  if (!value->is_mapping()) refuse(key, "a mapping is needed");
  for (const auto& member : value->members) read(member, joined(path_of(key), member.key));
}

}  // namespace gennaker::rehearsal
