#include "expressions/expressions.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "expressions/evaluator.h"
#include "expressions/failure.h"
#include "expressions/outcome.h"
#include "expressions/template.h"
#include "expressions/text_distance.h"

namespace gennaker::expressions {
namespace {

/// What failed, as summaries list it.
class Summary {
 public:
  Summary(base::TimePoint now) : now_(now) {}

  void add(const std::string& expression, json::object entry) {
    ++failed;
    json::value& list = results_[expression];
    if (!list.is_array()) list = json::array();
    const auto same = [&](const json::value& other) {
      const json::object& known = other.get_object();
      const auto equal = [&](std::string_view key) {
        const json::value *a = known.if_contains(key), *b = entry.if_contains(key);
        return (a == nullptr) == (b == nullptr) && (a == nullptr || *a == *b);
      };
      return equal("level") && equal("description") && equal("exceptionType");
    };
    json::array& entries = list.get_array();
    if (std::any_of(entries.begin(), entries.end(), same)) return;
    entry["timestamp"] = base::to_millis(now_);
    entries.push_back(std::move(entry));
  }
  json::object take() { return std::move(results_); }

  std::size_t failed = 0;

 private:
  base::TimePoint now_;
  json::object results_;
};

std::string without_dollars(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '$') out += c;
  }
  return out;
}

/// Walks a document and evaluates what it finds.
class Walk {
 public:
  /// `alone`: a text that is in no document.
  Walk(Session& session, Summary& summary, bool alone)
      : session_(session), summary_(summary), alone_(alone) {}

  /// `where`: the key that leads there, or the text itself.
  json::value value(const json::value& source, std::string_view where) {
    if (source.is_string()) return text(source.get_string(), where);
    if (source.is_array()) {
      json::array out;
      out.reserve(source.get_array().size());
      for (const json::value& item : source.get_array()) out.push_back(value(item, where));
      return out;
    }
    return source.is_object() ? json::value(object(source.get_object())) : source;
  }

  json::object object(const json::object& source) {
    json::object out;
    out.reserve(source.size());
    for (const auto& [key, member] : source) {
      if (!has_expression(std::string_view(key))) {
        out[key] = value(member, key);
      } else {
        const json::value name = text(key, key);
        out[name.is_string() ? std::string(name.get_string()) : base::plain_text(name)] = value(member, key);
      }
    }
    return out;
  }

  std::size_t evaluated() const { return evaluated_; }

  json::value text(std::string_view source, std::string_view where) {
    if (!has_expression(source)) return json::value(source);
    ++evaluated_;
    Outcome outcome = evaluate_in(source, session_);
    if (outcome.failed) report(outcome, where);
    return outcome.changed ? std::move(outcome.result) : json::value(source);
  }

 private:
  void report(const Outcome& outcome, std::string_view where) {
    json::object entry{{"level", outcome.error ? "ERROR" : "INFO"}};
    std::string description = alone_ ? fmt::format("Failed to evaluate {} ", where)
                                     : fmt::format("Failed to evaluate [{}] ", where);
    if (outcome.error) {
      description += without_dollars(outcome.error->what());
      entry["exceptionType"] = outcome.error->java_class();
    } else {
      description += fmt::format(": {} not found", outcome.escaped);
    }
    entry["description"] = description;
    summary_.add(outcome.escaped, std::move(entry));
  }

  Session& session_;
  Summary& summary_;
  bool alone_;
  std::size_t evaluated_ = 0;
};

/// Joins the parts of a longer text. What is null stays as it is written.
void evaluate_mixed(const Template& parsed, Session& session, Outcome& outcome) {
  std::string joined;
  for (const Template::Part& part : parsed.parts) {
    if (!part.expression) {
      joined += part.text;
      continue;
    }
    const Value value = evaluate_node(*part.expression, session);
    if (value.is_null()) {
      joined += "${" + part.text + "}";
      outcome.failed = true;
    } else {
      joined += to_joined_text(value);
    }
  }
  outcome.value = Value::text(std::move(joined));
  outcome.changed = true;
}

}  // namespace

Outcome evaluate_in(std::string_view source, Session& session) {
  Outcome outcome;
  std::shared_ptr<const Template> parsed;
  try {
    parsed = parse_template(source);
    outcome.escaped = parsed->escaped;
    if (!parsed->is_whole()) {
      evaluate_mixed(*parsed, session, outcome);
      outcome.result = to_json(outcome.value);
      return outcome;
    }
    Value value = evaluate_node(*parsed->parts.front().expression, session);
    if (value.object_as<StatusObject>()) value = Value::text(java_text(value));
    outcome.result = to_json(value);
    outcome.failed = value.is_null();
    outcome.changed = !value.is_null();
    outcome.value = std::move(value);
  } catch (const Failure& failure) {
    if (!parsed) outcome.escaped = escaped_unparsed(rewritten(source));
    outcome.error = failure;
    outcome.failed = true;
    outcome.changed = false;
  }
  return outcome;
}

Subject of_stage(const model::Execution& execution, const model::Stage& stage) {
  return {.execution = &execution, .stage = &stage};
}
Subject of_execution(const model::Execution& execution) {
  return {.execution = &execution};
}
Subject of_names(const json::object& names) {
  return {.names = &names};
}

bool has_expression(std::string_view text) {
  return text.find("${") != std::string_view::npos;
}

bool has_expression(const json::value& value) {
  if (value.is_string()) return has_expression(std::string_view(value.get_string()));
  if (value.is_object()) return has_expression(value.get_object());
  if (!value.is_array()) return false;
  const json::array& items = value.get_array();
  return std::any_of(items.begin(), items.end(),
                     [](const json::value& item) { return has_expression(item); });
}

bool has_expression(const json::object& document) {
  return std::any_of(document.begin(), document.end(), [](const auto& member) {
    return has_expression(std::string_view(member.key())) || has_expression(member.value());
  });
}

Evaluation evaluate(const json::object& document, const Subject& subject, const Options& options) {
  Session session(subject, options);
  Summary summary(options.now);
  Walk walk(session, summary, false);
  Evaluation evaluation;
  evaluation.document = walk.object(document);
  evaluation.summary = summary.take();
  evaluation.evaluated = walk.evaluated();
  evaluation.failed = summary.failed;
  evaluation.open = std::move(session.open);
  return evaluation;
}

TextEvaluation evaluate_text(std::string_view text, const Subject& subject, const Options& options) {
  Session session(subject, options);
  Summary summary(options.now);
  Walk walk(session, summary, true);
  TextEvaluation evaluation;
  evaluation.value = walk.text(text, text);
  evaluation.summary = summary.take();
  evaluation.open = std::move(session.open);
  return evaluation;
}

// ---- Explaining ----

namespace {

std::optional<std::size_t> column_of(const Failure& failure) {
  if (failure.position() == Failure::npos) return std::nullopt;
  return failure.position() + 1;
}

/// The literal names that `node` gives to #stage(...).
void collect_stages(const Node& node, std::vector<std::string>& names) {
  std::vector<const Node*> left{&node};
  while (!left.empty()) {
    const Node& next = *left.back();
    left.pop_back();
    const bool asks = next.kind == Node::Kind::function && next.text == "stage" && next.children.size() == 2;
    if (asks && next.children[1]->kind == Node::Kind::literal && next.children[1]->value.is_text())
      names.emplace_back(next.children[1]->value.text());
    for (const NodePtr& child : next.children) left.push_back(child.get());
  }
}

/// The name of a stage for one that the execution does not have.
std::string suggested_stage(const Node& expression, const Subject& subject) {
  if (subject.execution == nullptr) return "";
  std::vector<std::string> named, known;
  collect_stages(expression, named);
  for (const model::Stage& stage : subject.execution->stages) known.push_back(stage.name);
  for (const std::string& name : named) {
    if (std::find(known.begin(), known.end(), name) == known.end()) return nearest(name, known);
  }
  return "";
}

/// The name at the failure that was looked up and not found: what may have been meant.
std::string suggestion(const Explanation& explanation, Session& session) {
  for (const LookedUp& name : explanation.names) {
    if (name.where != "nowhere") continue;
    const std::string near = nearest(name.name, session.root->names());
    if (!near.empty()) return near;
  }
  return "";
}

Explanation explain_part(const Template::Part& part, Session& session) {
  Explanation explanation;
  explanation.expression = part.text;
  session.trace = &explanation.names;
  if (!session.options.noted_mark.empty()) session.noted = &explanation.noted;
  try {
    const Value value = evaluate_node(*part.expression, session);
    explanation.value = to_json(value);
    explanation.type = type_name(value);
  } catch (const Failure& failure) {
    explanation.error = failure.what();
    explanation.code = failure.code();
    explanation.kind = failure.kind();
    explanation.column = column_of(failure);
  }
  session.trace = nullptr;
  session.noted = nullptr;
  explanation.suggestion = suggestion(explanation, session);
  if (explanation.suggestion.empty() && explanation.code == "EL1023E")
    explanation.suggestion = suggested_stage(*part.expression, session.subject);
  return explanation;
}

/// Takes out what `rewritten` put in, so that people see what they wrote.
void show_as_written(Explanation& explanation, std::string_view source) {
  constexpr std::string_view put_in = " #root.execution, ";
  std::string& text = explanation.expression;
  if (source.find(put_in) != std::string_view::npos) return;
  for (std::size_t at = text.find(put_in); at != std::string::npos; at = text.find(put_in, at)) {
    text.erase(at, put_in.size());
    if (explanation.column && *explanation.column > at + put_in.size()) *explanation.column -= put_in.size();
  }
}

}  // namespace

std::vector<Explanation> explain(std::string_view text, const Subject& subject, const Options& options) {
  if (const auto broken = check_syntax(text))
    return {{.expression = broken->text, .error = broken->message, .column = broken->column}};
  std::shared_ptr<const Template> parsed;
  try {
    parsed = parse_template(text);
  } catch (const Failure& failure) {
    // Only what is put in front of some functions' arguments makes it one that cannot be parsed.
    return {{.expression = std::string(text), .error = failure.what()}};
  }
  Session session(subject, options);
  std::vector<Explanation> explanations;
  for (const Template::Part& part : parsed->parts) {
    if (!part.expression) continue;
    explanations.push_back(explain_part(part, session));
    show_as_written(explanations.back(), text);
  }
  return explanations;
}

std::optional<Unparsable> check_syntax(std::string_view text) {
  if (!has_expression(text)) return std::nullopt;
  const std::string written(text);
  try {
    parse_as_written(written);
    return std::nullopt;
  } catch (const Failure& failure) {
    return Unparsable{written, failure.what(), column_of(failure)};
  }
}

std::vector<std::string> stages_named_in(std::string_view text) {
  std::vector<std::string> names;
  if (!has_expression(text)) return names;
  try {
    const std::shared_ptr<const Template> parsed = parse_template(text);
    for (const Template::Part& part : parsed->parts) {
      if (part.expression) collect_stages(*part.expression, names);
    }
  } catch (const Failure&) {
    // One that cannot be parsed, as written or as rewritten, names none.
  }
  return names;
}

}  // namespace gennaker::expressions
