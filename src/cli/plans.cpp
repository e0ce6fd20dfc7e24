#include <fmt/format.h>
#include <iostream>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/text.h"

namespace gennaker::cli {
namespace {

using base::string_or;

const json::array& list_of(const json::object& object, std::string_view key) {
  static const json::array none;
  const auto* list = base::find_array(object, key);
  return list == nullptr ? none : *list;
}

/// A value in one line.
std::string brief(const json::value& value) {
  std::string text = printable(base::plain_text(value));
  constexpr std::size_t longest = 120;
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  return text;
}

Colour colour_of_outcome(std::string_view outcome) {
  if (outcome == "runs") return Colour::green;
  if (outcome == "fails" || outcome == "never ends") return Colour::red;
  if (outcome == "may run") return Colour::yellow;
  return Colour::dim;
}

/// "shop-main-v001 → 3 instances": what of an operation a person looks for first.
std::string essence(const json::object& operation) {
  const auto* what = base::find_object(operation, "what");
  if (what == nullptr) return "";
  std::string text;
  const auto add = [&](const std::string& part) {
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  };
  std::string name = string_or(*what, "serverGroupName", string_or(*what, "name", ""));
  if (name.empty()) {
    name = string_or(*what, "application", "");
    for (const std::string_view part : {"stack", "freeFormDetails"}) {
      const std::string one = string_or(*what, part, "");
      if (!one.empty()) name += "-" + one;
    }
  }
  add(name);
  for (const std::string_view field : {"imageId", "version"}) {
    const std::string value = string_or(*what, field, "");
    if (!value.empty()) add(fmt::format("{} {}", field, value));
  }
  if (const auto* capacity = base::find_object(*what, "capacity")) {
    if (const auto* desired = capacity->if_contains("desired"))
      add(fmt::format("desired {}", base::plain_text(*desired)));
  }
  return printable(text);
}

class PlanText {
 public:
  explicit PlanText(const Context& context) : context_(context) {}

  void print(const json::object& plan) {
    print_stages(plan, 1);
    if (list_of(plan, "problems").empty()) return;
    out() << "\nProblems\n";
    for (const json::value& one : list_of(plan, "problems")) print_problem(one.as_object());
  }

 private:
  std::ostream& out() const { return context_.out(); }
  std::string painted(std::string_view text, Colour colour) const {
    return paint(text, colour, context_.colours);
  }
  static std::string indent(int level) { return std::string(static_cast<std::size_t>(level) * 2, ' '); }

  void print_stages(const json::object& plan, int level) {
    for (const json::value& one : list_of(plan, "stages")) print_stage(one.as_object(), level);
  }

  void print_stage(const json::object& stage, int level) {
    const std::string outcome = string_or(stage, "outcome", "");
    std::string when;
    if (const auto millis = base::whole_number(stage, "startsAfterMs"))
      when = fmt::format(", after {}", duration_text(std::chrono::milliseconds(*millis)));
    out() << indent(level)
          << fmt::format("{}  {} ({})  ", string_or(stage, "refId", ""),
                         painted(printable(string_or(stage, "name", "")), Colour::bold),
                         string_or(stage, "type", ""))
          << painted(outcome + when, colour_of_outcome(outcome)) << '\n';
    print_line(stage, "condition", "only if ", level + 2);
    print_line(stage, "message", "", level + 2);
    for (const json::value& note : list_of(stage, "assumed"))
      out() << indent(level + 2) << painted("assumed: " + brief(note), Colour::dim) << '\n';
    if (base::bool_or(stage, "incomplete", false))
      out() << indent(level + 2) << painted("what it does then is not known", Colour::yellow) << '\n';
    for (const json::value& one : list_of(stage, "expressions")) print_expression(one.as_object(), level + 2);
    for (const json::value& one : list_of(stage, "before")) print_part(one.as_object(), level + 2);
    for (const json::value& one : list_of(stage, "operations")) print_operation(one.as_object(), level + 2);
    for (const json::value& one : list_of(stage, "after")) print_part(one.as_object(), level + 2);
    if (const auto* child = base::find_object(stage, "child")) print_stages(*child, level + 2);
  }

  /// A stage that another brings along: only what it does and where it goes wrong.
  void print_part(const json::object& stage, int level) {
    const std::string outcome = string_or(stage, "outcome", "");
    out() << indent(level) << painted(printable(string_or(stage, "name", "")), Colour::dim);
    if (outcome != "runs") out() << "  " << painted(outcome, colour_of_outcome(outcome));
    out() << '\n';
    print_line(stage, "message", "", level + 1);
    for (const json::value& one : list_of(stage, "before")) print_part(one.as_object(), level + 1);
    for (const json::value& one : list_of(stage, "operations")) print_operation(one.as_object(), level + 1);
    for (const json::value& one : list_of(stage, "after")) print_part(one.as_object(), level + 1);
  }

  void print_line(const json::object& stage, std::string_view key, std::string_view prefix, int level) {
    const std::string text = string_or(stage, key, "");
    if (!text.empty()) out() << indent(level) << prefix << printable(text) << '\n';
  }

  void print_expression(const json::object& expression, int level) {
    const bool known = base::bool_or(expression, "known", false);
    const auto* value = expression.if_contains("value");
    std::string text = value != nullptr ? brief(*value) : brief(expression.at("text"));
    out() << indent(level) << string_or(expression, "field", "") << (value != nullptr ? " = " : ": ") << text;
    if (!known) out() << painted("  (known only when it runs)", Colour::yellow);
    out() << '\n';
  }

  void print_operation(const json::object& operation, int level) {
    out() << indent(level)
          << fmt::format("{} {} in {}: {}", painted("+", Colour::cyan), string_or(operation, "kind", ""),
                         string_or(operation, "account", ""), essence(operation));
    const std::string refused = string_or(operation, "refused", "");
    if (!refused.empty()) out() << painted("  refused: " + printable(refused), Colour::red);
    out() << '\n';
    if (const auto* preview = base::find_object(operation, "preview")) print_preview(*preview, level + 2);
  }

  /// As a diff against what is there.
  void print_preview(const json::object& preview, int level) {
    const std::string against = string_or(preview, "against", "");
    if (against.empty()) return;  // all of it is new: the operation says it
    const json::array& changes = list_of(preview, "changes");
    out() << indent(level) << painted(changes.empty() ? "as " + against : "against " + against, Colour::dim)
          << '\n';
    for (const json::value& one : changes) {
      const json::object& change = one.as_object();
      const auto* from = change.if_contains("from");
      const auto* to = change.if_contains("to");
      const std::string field = string_or(change, "field", "");
      if (from != nullptr)
        out() << indent(level) << painted(fmt::format("- {}: {}", field, brief(*from)), Colour::red) << '\n';
      if (to != nullptr)
        out() << indent(level) << painted(fmt::format("+ {}: {}", field, brief(*to)), Colour::green) << '\n';
    }
  }

  void print_problem(const json::object& problem) {
    const std::string level = string_or(problem, "level", "error");
    std::string where;
    const std::string stage = string_or(problem, "stage", ""), field = string_or(problem, "field", "");
    if (!stage.empty()) where = fmt::format("stage {}", stage);
    if (!field.empty()) where += (where.empty() ? "" : ", ") + field;
    out() << "  " << painted(level, level == "error" ? Colour::red : Colour::yellow) << "  "
          << (where.empty() ? "" : where + ": ") << printable(string_or(problem, "message", "")) << '\n';
  }

  const Context& context_;
};

bool has_errors(const json::object& plan) {
  for (const json::value& one : list_of(plan, "problems")) {
    if (one.is_object() && string_or(one.get_object(), "level", "") == "error") return true;
  }
  return false;
}

}  // namespace

Async<int> plan_pipeline(Context& context, PipelinePlan what) {
  json::object parameters;
  if (!what.run.parameter_file.empty()) parameters = read_object(context, what.run.parameter_file);
  json::object body{{"parameters", run_parameters(parameters, what.run.parameters)}};
  if (!what.file.empty()) {
    json::object config = read_object(context, what.file);
    if (!what.run.pipeline.application.empty()) config["application"] = what.run.pipeline.application;
    body["config"] = std::move(config);
  } else if (what.run.pipeline.application.empty() || what.run.pipeline.name.empty()) {
    throw usage_error("pipeline plan: give --application and --name, or --file");
  } else {
    body["application"] = what.run.pipeline.application;
    body["pipeline"] = what.run.pipeline.name;
  }
  json::value asked(std::move(body));
  const json::value answer = co_await context.gate.call("POST", "/pipelines/plan", std::move(asked));
  const json::object& plan = answer.as_object();
  if (context.format == Format::json) {
    print_json(context, answer);
  } else {
    PlanText(context).print(plan);
  }
  co_return has_errors(plan) ? failed : done;
}

}  // namespace gennaker::cli
