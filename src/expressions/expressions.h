#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

/// The ${...} language of pipelines.
namespace gennaker::expressions {

namespace json = boost::json;

/// What the names at the start of an expression mean. Values live as long as the root.
class Root {
 public:
  virtual ~Root() = default;
  /// nullptr: no such name.
  virtual const json::value* find(std::string_view name) const = 0;
};

struct Evaluation {
  json::object document;
  /// What failed: expression → [{level, description, exceptionType, timestamp}]; empty if nothing did.
  json::object summary;
};

/// Whether the text holds an expression.
bool has_expression(std::string_view text);
/// Whether any text in the document does; a quick look that saves the rest.
bool has_expression(const json::value& value);
bool has_expression(const json::object& document);

/// Evaluates every text of the document, keys of objects included. A text that is one expression and nothing
/// else takes the type of its value; in a longer text the values are joined in. What fails stays as it is
/// written and is listed in the summary. Pure; threads: any.
Evaluation evaluate(const json::object& document, const Root& root);

/// One text, as above.
struct TextEvaluation {
  json::value value;
  json::object summary;
};
TextEvaluation evaluate_text(std::string_view text, const Root& root);

}  // namespace gennaker::expressions
