#include "stages/webhook/json_path.h"

#include <charconv>
#include <fmt/format.h>
#include <string>

#include "base/error.h"

namespace gennaker::stages {

namespace json = boost::json;

namespace {

[[noreturn]] void refuse(std::string_view path, std::size_t at) {
  throw base::Error(
      base::Kind::invalid,
      fmt::format("JSON path '{}': column {} is not understood; write $.a.b, ['a b'] or [0]", path, at + 1));
}

const json::value* member(const json::value* value, std::string_view name) {
  const auto* object = value == nullptr ? nullptr : value->if_object();
  return object ? object->if_contains(name) : nullptr;
}

const json::value* element(const json::value* value, std::size_t position) {
  const auto* array = value == nullptr ? nullptr : value->if_array();
  return array ? array->if_contains(position) : nullptr;
}

}  // namespace

const json::value* at_json_path(const json::value& document, std::string_view path) {
  std::size_t at = path.starts_with('$') ? 1 : 0;
  const json::value* value = &document;
  if (at == 0) {  // "a.b" is taken for "$.a.b"
    const auto end = std::min(path.find_first_of(".["), path.size());
    value = member(value, path.substr(0, end));
    at = end;
  }
  while (at < path.size()) {
    if (path[at] == '.') {
      const auto end = std::min(path.find_first_of(".[", at + 1), path.size());
      if (end == at + 1) refuse(path, at);
      value = member(value, path.substr(at + 1, end - at - 1));
      at = end;
    } else if (path[at] == '[') {
      const auto end = path.find(']', at);
      if (end == std::string_view::npos || end == at + 1) refuse(path, at);
      const std::string_view inside = path.substr(at + 1, end - at - 1);
      if (inside.front() == '\'' || inside.front() == '"') {
        if (inside.size() < 2 || inside.back() != inside.front()) refuse(path, at);
        value = member(value, inside.substr(1, inside.size() - 2));
      } else {
        std::size_t position = 0;
        const auto [stop, error] = std::from_chars(inside.data(), inside.data() + inside.size(), position);
        if (error != std::errc() || stop != inside.data() + inside.size()) refuse(path, at);
        value = element(value, position);
      }
      at = end + 1;
    } else {
      refuse(path, at);
    }
  }
  return value;
}

}  // namespace gennaker::stages
