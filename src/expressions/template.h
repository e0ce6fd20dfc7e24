#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "expressions/ast.h"

namespace gennaker::expressions {

/// A text with its expressions parsed.
struct Template {
  struct Part {
    std::string text;    ///< literal, or the trimmed expression
    NodePtr expression;  ///< null: literal
  };
  std::vector<Part> parts;
  /// What error summaries call it: all parts run together.
  std::string escaped;

  /// One expression and nothing else: its value keeps its type.
  bool is_whole() const { return parts.size() == 1 && parts.front().expression; }
};

/// Puts the execution in front of the arguments of the functions that work on it.
std::string rewritten(std::string_view text);

/// Rewritten, parsed once and kept, among the last ones of this thread. Throws Failure.
std::shared_ptr<const Template> parse_template(std::string_view text);

/// Not rewritten and not kept: a failure's position is one in the text itself. Throws Failure.
Template parse_as_written(std::string_view text);

/// What error summaries call a text, rewritten already, that cannot be parsed.
std::string escaped_unparsed(std::string_view text);

}  // namespace gennaker::expressions
