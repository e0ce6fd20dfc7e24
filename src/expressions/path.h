#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "expressions/expressions.h"

namespace gennaker::expressions {

/// A walk into data: `trigger.parameters['image'].tags[0]`.
struct Path {
  std::string root;
  std::vector<std::variant<std::string, std::int64_t>> steps;
};

struct ParsedPath {
  std::optional<Path> path;
  std::string error;  ///< why there is no path; says the column
};
ParsedPath parse_path(std::string_view text);

struct Found {
  const json::value* value = nullptr;
  std::string error;  ///< why there is no value: which step failed
};
Found follow(const Path& path, const Root& root);

}  // namespace gennaker::expressions
