#include "expressions/template.h"

#include <fmt/format.h>
#include <unordered_map>

#include "base/text.h"
#include "expressions/evaluator.h"
#include "expressions/failure.h"
#include "expressions/java_text.h"

namespace gennaker::expressions {
namespace {

constexpr std::size_t longest_expression = 10'000;
constexpr std::size_t kept_templates = 1024;
constexpr std::size_t longest_kept = 4096;  // longer ones are rare, and would fill the memory

Failure unparsable(const std::string& message, std::size_t position) {
  Failure failure("TemplateParseException", "", message);
  failure.set_position(position);
  return failure;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

/// The end of the expression that starts at `start`: the first closing brace outside of all brackets and
/// quotes.
std::size_t end_of_expression(std::string_view text, std::size_t start) {
  std::string open;
  for (std::size_t i = start; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\'' || c == '"') {
      const std::size_t close = text.find(c, i + 1);
      if (close == std::string_view::npos)
        throw unparsable(fmt::format("the quote at character {} has no end", i + 1), i);
      i = close;
    } else if (c == '(' || c == '[' || c == '{') {
      open += c;
    } else if (c == '}' && open.empty()) {
      return i;
    } else if (c == ')' || c == ']' || c == '}') {
      const char wanted = c == ')' ? '(' : c == ']' ? '[' : '{';
      if (open.empty() || open.back() != wanted)
        throw unparsable(fmt::format("'{}' at character {} closes what was not opened", c, i + 1), i);
      open.pop_back();
    }
  }
  throw unparsable(fmt::format("the expression at character {} has no end: '}}' is missing", start + 1),
                   start);
}

/// As parse(), but a failure's position is the one in the whole text, which starts `offset` before.
NodePtr parse_within(std::string_view expression, std::size_t offset) {
  try {
    return parse(expression);
  } catch (Failure& failure) {
    failure.move_position(offset);
    throw;
  }
}

Template split(std::string_view text) {
  Template made;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = text.find("${", at);
    if (start != at) made.parts.push_back({std::string(text.substr(at, start - at)), nullptr});
    if (start == std::string_view::npos) break;
    const std::size_t end = end_of_expression(text, start + 2);
    const std::string_view expression = base::trimmed(text.substr(start + 2, end - start - 2));
    if (expression.empty())
      throw unparsable(fmt::format("the expression at character {} is empty", start + 1), start);
    if (count_units(expression) > longest_expression)
      throw Failure("SpelEvaluationException", "EL1079E",
                    fmt::format("EL1079E: the expression is longer than {} characters", longest_expression));
    const auto offset = static_cast<std::size_t>(expression.data() - text.data());
    made.parts.push_back({std::string(expression), parse_within(expression, offset)});
    at = end + 1;
  }
  for (const Template::Part& part : made.parts) made.escaped += part.text;
  return made;
}

/// Finds a text without making a string of it.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using KeptTemplates =
    std::unordered_map<std::string, std::shared_ptr<const Template>, TextHash, std::equal_to<>>;

/// A call as users write it, and as it is evaluated.
struct Rewrite {
  std::string call, with;
};

const std::vector<Rewrite>& rewrites() {
  static const std::vector<Rewrite> all = [] {
    std::vector<Rewrite> made;
    for (const std::string_view name : functions_of_the_execution())
      made.push_back({fmt::format("#{}(", name), fmt::format("#{}( #root.execution, ", name)});
    return made;
  }();
  return all;
}

}  // namespace

std::string rewritten(std::string_view text) {
  std::string made(text);
  if (made.find('#') != std::string::npos) {
    for (const Rewrite& rewrite : rewrites()) {
      if (made.find(rewrite.with) == std::string::npos) replace_all(made, rewrite.call, rewrite.with);
    }
  }
  constexpr std::string_view word = "deployedServerGroups";
  if (made.find(word) != std::string::npos &&
      made.find("#deployedServerGroups( #root.execution, ") == std::string::npos)
    replace_all(made, word, "#deployedServerGroups( #root.execution)");
  return made;
}

std::shared_ptr<const Template> parse_template(std::string_view text) {
  thread_local KeptTemplates kept;
  if (const auto found = kept.find(text); found != kept.end()) return found->second;
  auto made = std::make_shared<const Template>(split(rewritten(text)));
  if (text.size() <= longest_kept) {
    if (kept.size() >= kept_templates) kept.clear();
    kept.emplace(std::string(text), made);
  }
  return made;
}

Template parse_as_written(std::string_view text) {
  return split(text);
}

std::string escaped_unparsed(std::string_view text) {
  if (text.starts_with("${") && text.ends_with("}") && text.size() >= 3)
    return std::string(base::trimmed(text.substr(2, text.size() - 3)));
  std::string out;
  for (const char c : text) {
    if (c != '$') out += c;
  }
  return out;
}

}  // namespace gennaker::expressions
