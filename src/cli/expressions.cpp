#include <fmt/format.h>
#include <iostream>

#include "base/json.h"
#include "cli/commands.h"

namespace gennaker::cli {
namespace {

using base::string_or;

/// A value as one line.
std::string shortened(const json::value& value) {
  std::string text = base::to_text(value);
  constexpr std::size_t longest = 100;
  if (text.size() > longest) text = text.substr(0, longest - 3) + "...";
  return text;
}

void print_error(std::ostream& out, const json::object& explanation, const json::object& error) {
  const std::string expression = string_or(explanation, "expression", "");
  const auto column = base::whole_number(error, "column");
  // Under the character that is meant; not for expressions of several lines.
  if (column && expression.find('\n') == std::string::npos) out << fmt::format("  {:>{}}\n", "^", *column);
  out << "  " << string_or(error, "message", "") << '\n';
}

void print(std::ostream& out, const json::object& explanation) {
  out << "  " << string_or(explanation, "expression", "") << '\n';
  if (const auto* error = base::find_object(explanation, "error")) {
    print_error(out, explanation, *error);
  } else {
    out << fmt::format("  = {} ({})\n", shortened(explanation.at("value")),
                       string_or(explanation, "type", ""));
  }
  const std::string suggestion = string_or(explanation, "suggestion", "");
  if (!suggestion.empty()) out << fmt::format("  Did you mean '{}'?\n", suggestion);
  const auto* names = base::find_array(explanation, "names");
  if (names == nullptr) return;
  for (const json::value& name : *names) {
    const json::object& found = name.as_object();
    const bool nowhere = string_or(found, "foundIn", "") == "nowhere";
    out << fmt::format("    {}: {}{}\n", string_or(found, "name", ""), string_or(found, "foundIn", ""),
                       nowhere ? "" : ", " + shortened(found.at("value")));
  }
}

}  // namespace

Async<int> explain_expression(Context& context, Explain what) {
  json::object body{{"text", what.text}};
  if (!what.execution_id.empty()) body["executionId"] = what.execution_id;
  if (!what.stage.empty()) body["stage"] = what.stage;
  if (!what.context_file.empty()) body["context"] = read_object(context, what.context_file);
  json::value asked(std::move(body));
  const json::value answer = co_await context.gate.call("POST", "/expressions/explain", std::move(asked));
  const json::object& object = answer.as_object();
  const json::array list = object.at("expressions").as_array();
  const bool failed_one = std::any_of(
      list.begin(), list.end(), [](const json::value& one) { return one.as_object().contains("error"); });
  if (context.format == Format::json) {
    print_json(context, answer);
  } else if (list.empty()) {
    say(context, "There is no expression, ${...}, in this text.");
  } else {
    for (const json::value& one : list) print(context.out(), one.as_object());
  }
  co_return failed_one ? failed : done;
}

}  // namespace gennaker::cli
