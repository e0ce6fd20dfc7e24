#include "providers/settings/fields.h"

#include <algorithm>

#include "base/error.h"

namespace gennaker::providers {

void refuse(std::string_view field, const std::string& why) {
  throw base::Error(base::Kind::invalid, fmt::format("{}: {}", field, why), {{"field", field}});
}

void check_no_zero(const std::string& field, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) refuse(field, "a text without NUL characters is needed");
}

std::string Fields::field(std::string_view key) const {
  return name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key);
}

const json::value* Fields::get(std::string_view key) {
  known_.emplace(key);
  const json::value* value = base::find(object_, key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<std::string> Fields::text(std::string_view key) {
  const json::value* value = get(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) refuse(field(key), "a text is needed");
  return std::string(value->as_string());
}

std::optional<bool> Fields::truth(std::string_view key) {
  if (get(key) == nullptr) return std::nullopt;
  const auto truth = base::bool_member(object_, key);
  if (!truth) refuse(field(key), "true or false is needed");
  return truth;
}

std::optional<std::int64_t> Fields::whole(std::string_view key, std::int64_t least, std::int64_t most) {
  const json::value* value = get(key);
  if (value == nullptr) return std::nullopt;
  const auto number = base::whole_number(*value);
  if (!number || *number < least || *number > most) {
    refuse(field(key), fmt::format("a whole number from {} to {} is needed", least, most));
  }
  return number;
}

void Fields::duration(std::string_view key, std::int64_t least, milliseconds& into) {
  std::int64_t count = into.count();
  number(key, least, std::int64_t{24} * 3600 * 1000, count);
  into = milliseconds(count);
}

std::optional<Fields> Fields::object(std::string_view key) {
  const json::value* value = get(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) refuse(field(key), "an object is needed");
  return Fields(value->as_object(), field(key));
}

std::vector<Fields> Fields::objects(std::string_view key) {
  const json::value* value = get(key);
  std::vector<Fields> found;
  if (value == nullptr) return found;
  if (!value->is_array()) refuse(field(key), "a list of objects is needed");
  for (std::size_t i = 0; i < value->as_array().size(); ++i) {
    const std::string name = fmt::format("{}[{}]", field(key), i);
    if (!value->as_array()[i].is_object()) refuse(name, "an object is needed");
    found.emplace_back(value->as_array()[i].as_object(), name);
  }
  return found;
}

std::vector<std::string> Fields::texts(std::string_view key) {
  const json::value* value = get(key);
  std::vector<std::string> found;
  if (value == nullptr) return found;
  if (!value->is_array()) refuse(field(key), "a list of texts is needed");
  for (const json::value& one : value->as_array()) {
    if (!one.is_string()) refuse(field(key), "a list of texts is needed");
    found.emplace_back(one.as_string());
  }
  return found;
}

std::map<std::string, std::string> Fields::text_map(std::string_view key) {
  std::map<std::string, std::string> texts;
  auto given = object(key);
  if (!given) return texts;
  for (const auto& member : given->object_) {
    const std::string name(member.key());
    const json::value& value = member.value();
    if (name.empty() || name.find('=') != std::string::npos) {
      refuse(given->field(name), "is not a name for a variable");
    }
    if (value.is_object() || value.is_array() || value.is_null()) {
      refuse(given->field(name), "a text, a number or true/false is needed");
    }
    const std::string text = base::plain_text(value);
    check_no_zero(given->field(name), name);
    check_no_zero(given->field(name), text);
    texts[name] = text;
  }
  return texts;
}

void Fields::refuse_others() const {
  for (const auto& member : object_) {
    if (known_.contains(std::string(member.key()))) continue;
    refuse(field(member.key()), fmt::format("is not known; known are: {}", fmt::join(known_, ", ")));
  }
}

std::vector<std::string> command_of(Fields& settings) {
  const json::value* value = settings.get("command");
  const std::string field = settings.field("command");
  if (value == nullptr) return {};
  if (value->is_string()) {
    const std::string text(value->as_string());
    check_no_zero(field, text);
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) refuse(field, "must not be empty");
    return {"/bin/sh", "-c", text};
  }
  if (!value->is_array()) refuse(field, "a text or a list of texts is needed");
  std::vector<std::string> words;
  for (const json::value& word : value->as_array()) {
    if (!word.is_string()) refuse(field, "a list of texts is needed");
    words.emplace_back(word.as_string());
    check_no_zero(field, words.back());
  }
  if (words.empty() || words[0].empty()) refuse(field, "the list must begin with a program");
  return words;
}

std::map<std::string, std::string> environment_of(Fields& settings) {
  return settings.text_map("env");
}

std::string check_path_of(Fields& fields, std::string_view key, const std::string& fallback) {
  const std::string path = fields.text(key).value_or(fallback);
  const bool printable = std::all_of(path.begin(), path.end(), [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("\"'\\#$%{}").find(c) == std::string_view::npos;
  });
  if (!path.starts_with('/') || !printable || path.size() > 1000) {
    refuse(fields.field(key), "a path that begins with '/', without blanks and quotes, is needed");
  }
  return path;
}

}  // namespace gennaker::providers
