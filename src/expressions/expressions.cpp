#include "expressions/expressions.h"

#include "base/json.h"
#include "expressions/path.h"

namespace gennaker::expressions {
namespace {

/// One run over a document: collects what failed.
class Pass {
 public:
  explicit Pass(const Root& root) : root_(root) {}

  json::value evaluate(const json::value& value) {
    if (const auto* text = value.if_string()) return evaluate_text(*text);
    if (const auto* object = value.if_object()) return evaluate_object(*object);
    if (const auto* array = value.if_array()) {
      json::array result;
      result.reserve(array->size());
      for (const auto& element : *array) result.push_back(evaluate(element));
      return result;
    }
    return value;
  }

  json::object evaluate_object(const json::object& object) {
    json::object result;
    result.reserve(object.size());
    for (const auto& member : object) {
      std::string key(member.key());
      if (has_expression(key)) key = base::plain_text(evaluate_text(key));
      result.insert_or_assign(key, evaluate(member.value()));
    }
    return result;
  }

  json::value evaluate_text(std::string_view text) {
    if (!has_expression(text)) return json::value(text);
    std::string joined;
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto start = rest.find("${");
      const auto end = start == std::string_view::npos ? start : closing_brace(rest, start + 2);
      if (end == std::string_view::npos) {
        joined += rest;
        break;
      }
      const json::value* value = look_up(rest.substr(start + 2, end - start - 2));
      if (value == nullptr) return json::value(text);  // all of it stays when a part fails
      const bool whole = start == 0 && end + 1 == rest.size() && rest.size() == text.size();
      if (whole) return *value;
      joined += rest.substr(0, start);
      joined += base::plain_text(*value);
      rest.remove_prefix(end + 1);
    }
    return json::value(joined);
  }

  json::object take_summary() { return std::move(summary_); }

 private:
  /// Brackets and quotes inside the expression do not end it.
  static std::size_t closing_brace(std::string_view text, std::size_t from) {
    int open = 0;
    char quote = 0;
    for (std::size_t i = from; i < text.size(); ++i) {
      const char c = text[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '{' || c == '[' || c == '(') {
        ++open;
      } else if (c == ']' || c == ')') {
        --open;
      } else if (c == '}') {
        if (open == 0) return i;
        --open;
      }
    }
    return std::string_view::npos;
  }

  const json::value* look_up(std::string_view expression) {
    const ParsedPath parsed = parse_path(expression);
    if (!parsed.path) {
      fail(expression, parsed.error, "SpelParseException");
      return nullptr;
    }
    const Found found = follow(*parsed.path, root_);
    if (found.value == nullptr) fail(expression, found.error, "SpelEvaluationException");
    return found.value;
  }

  void fail(std::string_view expression, std::string_view why, std::string_view type) {
    json::object finding{
        {"level", "ERROR"},
        {"description", "Failed to evaluate '" + std::string(expression) + "': " + std::string(why)},
        {"exceptionType", type}};
    summary_.insert_or_assign("${" + std::string(expression) + "}", json::array{std::move(finding)});
  }

  const Root& root_;
  json::object summary_;
};

}  // namespace

bool has_expression(std::string_view text) {
  return text.find("${") != std::string_view::npos;
}

bool has_expression(const json::value& value) {
  if (const auto* text = value.if_string()) return has_expression(std::string_view(*text));
  if (const auto* object = value.if_object()) return has_expression(*object);
  if (const auto* array = value.if_array()) {
    return std::any_of(array->begin(), array->end(), [](const json::value& v) { return has_expression(v); });
  }
  return false;
}

bool has_expression(const json::object& document) {
  return std::any_of(document.begin(), document.end(), [](const json::key_value_pair& member) {
    return has_expression(std::string_view(member.key())) || has_expression(member.value());
  });
}

Evaluation evaluate(const json::object& document, const Root& root) {
  Pass pass(root);
  json::object result = pass.evaluate_object(document);
  return {std::move(result), pass.take_summary()};
}

TextEvaluation evaluate_text(std::string_view text, const Root& root) {
  Pass pass(root);
  json::value value = pass.evaluate_text(text);
  return {std::move(value), pass.take_summary()};
}

}  // namespace gennaker::expressions
