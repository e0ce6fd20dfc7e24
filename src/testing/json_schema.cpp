#include "testing/json_schema.h"

#include <algorithm>
#include <fmt/format.h>
#include <regex>

#include "base/json.h"

namespace gennaker::testing {
namespace {

using Breaks = std::vector<std::string>;

bool is_of_type(const json::value& value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "integer") return value.is_int64() || value.is_uint64();
  if (type == "number") return value.is_number();
  return type == "null" && value.is_null();
}

bool is_of_types(const json::value& value, const json::value& types) {
  if (const auto* list = types.if_array()) {
    return std::any_of(list->begin(), list->end(),
                       [&](const json::value& type) { return is_of_type(value, base::plain_text(type)); });
  }
  return is_of_type(value, base::plain_text(types));
}

void check_members(const json::object& schema, const json::object& object, const std::string& path,
                   Breaks& breaks) {
  for (const std::string& name : base::string_list(schema, "required")) {
    if (!object.contains(name)) breaks.push_back(fmt::format("{}: '{}' is required", path, name));
  }
  const auto* properties = base::find_object(schema, "properties");
  if (properties == nullptr) return;
  for (const auto& [name, member] : object) {
    const auto* its = base::find_object(*properties, name);
    if (its == nullptr) continue;
    const std::string where =
        path.empty() ? std::string(name) : fmt::format("{}.{}", path, std::string_view(name));
    for (std::string& found : schema_breaks(*its, member, where)) breaks.push_back(std::move(found));
  }
}

void check_items(const json::object& schema, const json::array& list, const std::string& path,
                 Breaks& breaks) {
  if (const auto least = base::whole_number(schema, "minItems");
      least && static_cast<std::int64_t>(list.size()) < *least)
    breaks.push_back(fmt::format("{}: has fewer than {} items", path, *least));
  const auto* items = base::find_object(schema, "items");
  if (items == nullptr) return;
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (std::string& found : schema_breaks(*items, list[i], fmt::format("{}[{}]", path, i)))
      breaks.push_back(std::move(found));
  }
}

void check_bounds(const json::object& schema, const json::value& value, const std::string& path,
                  Breaks& breaks) {
  const auto number = value.is_number() ? base::whole_number(value) : std::nullopt;
  if (!number) return;
  const auto least = base::whole_number(schema, "minimum"), most = base::whole_number(schema, "maximum");
  if (least && *number < *least)
    breaks.push_back(fmt::format("{}: {} is less than {}", path, *number, *least));
  if (most && *number > *most) breaks.push_back(fmt::format("{}: {} is more than {}", path, *number, *most));
}

}  // namespace

std::vector<std::string> schema_breaks(const json::object& schema, const json::value& value,
                                       const std::string& path) {
  Breaks breaks;
  const auto* text = value.if_string();
  if (text != nullptr && text->find("${") != json::string::npos) return breaks;
  if (const auto* types = base::find(schema, "type"); types != nullptr && !is_of_types(value, *types)) {
    breaks.push_back(fmt::format("{}: is not of type {}", path, base::plain_text(*types)));
    return breaks;
  }
  if (const auto* words = base::find_array(schema, "enum");
      words != nullptr && std::find(words->begin(), words->end(), value) == words->end())
    breaks.push_back(fmt::format("{}: {} is none of {}", path, base::to_text(value), base::to_text(*words)));
  if (const auto pattern = base::string_member(schema, "pattern");
      pattern && text != nullptr && !std::regex_search(std::string(*text), std::regex(*pattern)))
    breaks.push_back(fmt::format("{}: {} does not match {}", path, base::to_text(value), *pattern));
  check_bounds(schema, value, path, breaks);
  if (const auto* object = value.if_object()) check_members(schema, *object, path, breaks);
  if (const auto* list = value.if_array()) check_items(schema, *list, path, breaks);
  return breaks;
}

}  // namespace gennaker::testing
