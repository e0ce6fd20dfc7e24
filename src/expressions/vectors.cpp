#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "expressions/expressions.h"
#include "expressions/outcome.h"
#include "expressions/times.h"
#include "model/execution_json.h"

namespace gennaker::expressions {
namespace {

/// What objects show themselves as in vectors.
json::value described(const Value& value) {
  const WalkStep step;
  if (const auto sequence = value.sequence()) {
    json::array items;
    for (const Value& item : sequence->items()) items.push_back(described(item));
    return items;
  }
  if (const auto map = value.map()) {
    json::object members;
    for (const Map::Entry& entry : map->entries()) members[java_text(entry.key)] = described(entry.value);
    return members;
  }
  if (const auto* stage = value.object_as<StageObject>()) return json::object{{"@stage", stage->stage().id}};
  if (value.object_as<ExecutionObject>())
    return json::object{{"@execution", value.object()->property("id")->text()}};
  if (const auto* date = value.object_as<DateObject>()) return json::object{{"@date", date->millis()}};
  if (const auto* kept = value.object_as<NotEvaluated>())
    return json::object{{"@notEvaluated", described(kept->inner())}};
  if (value.object_as<StatusObject>()) return json::value(java_text(value));
  if (const auto* record = value.object_as<RecordObject>()) return record->to_json();
  if (value.object()) return json::object{{"@string", java_text(value)}};
  return to_json(value);
}

double as_real(const json::value& number) {
  return number.is_int64()    ? static_cast<double>(number.get_int64())
         : number.is_uint64() ? static_cast<double>(number.get_uint64())
                              : number.get_double();
}

bool same(const json::value& a, const json::value& b, bool ordered);

bool same_items(const json::array& a, const json::array& b, bool ordered) {
  if (a.size() != b.size()) return false;
  if (ordered)
    return std::equal(a.begin(), a.end(), b.begin(),
                      [](const auto& x, const auto& y) { return same(x, y, true); });
  return std::all_of(a.begin(), a.end(), [&](const json::value& x) {
    return std::any_of(b.begin(), b.end(), [&](const json::value& y) { return same(x, y, true); });
  });
}

bool same(const json::value& a, const json::value& b, bool ordered) {
  if (a.is_number() && b.is_number()) {
    const double x = as_real(a), y = as_real(b);
    // The wanted one of an integer beyond 64 bits was read as a real.
    return x == y || (std::abs(x) > 1e18 && std::abs(x - y) < 1e-15 * std::abs(x));
  }
  if (a.kind() != b.kind()) return false;
  if (a.is_array()) return same_items(a.get_array(), b.get_array(), ordered);
  if (!a.is_object()) return a == b;
  const json::object &x = a.get_object(), &y = b.get_object();
  return x.size() == y.size() && std::all_of(x.begin(), x.end(), [&](const auto& member) {
           const json::value* other = y.if_contains(member.key());
           return other != nullptr && same(member.value(), *other, true);
         });
}

model::Execution execution_of(const json::object& source) {
  json::object header = source;
  json::array stages;
  if (const auto* list = base::find_array(source, "stages")) stages = *list;
  header.erase("stages");
  model::Execution execution = model::execution_from_json(header);
  for (json::value& stage : stages) {
    if (!stage.is_object()) continue;
    json::object& object = stage.get_object();
    if (!object.contains("id")) object["id"] = "stage-" + base::string_or(object, "refId", "");
    execution.stages.push_back(model::stage_from_json(object));
  }
  return execution;
}

/// One vector with what it takes from earlier ones.
struct Case {
  const json::object& vector;
  std::optional<model::Execution> execution;
  json::object context;
};

class Runner {
 public:
  Runner(const json::array& vectors, Value values) : vectors_(vectors), values_(std::move(values)) {
    for (const json::value& vector : vectors) {
      if (!vector.is_object() || !vector.get_object().contains("template"))
        throw base::Error(base::Kind::invalid, "each vector must be an object with a 'template'");
      by_id_.emplace(base::string_or(vector.get_object(), "id", ""), &vector.get_object());
    }
  }

  VectorReport run() {
    for (const json::value& vector : vectors_) {
      remember(vector.get_object());
      run_one(vector.get_object());
    }
    return std::move(report_);
  }

 private:
  const json::object* borrowed(const json::object& vector, std::string_view own,
                               std::string_view other) const {
    if (const auto* here = base::find_object(vector, own)) return here;
    const auto earlier = by_id_.find(base::string_or(vector, other, ""));
    return earlier == by_id_.end() || !vector.contains(other) ? nullptr
                                                              : base::find_object(*earlier->second, own);
  }

  /// The contexts as values: JSON of ours makes doubles of integers beyond 64 bits.
  void remember(const json::object& vector) {
    const MapPtr own = values_.sequence()->items()[place_++].map();
    if (const auto context = own->find("context"))
      contexts_.insert_or_assign(base::string_or(vector, "id", ""), *context);
  }

  /// A copy: expressions change lists and maps.
  static Value copied(const Value& value) {
    if (const auto sequence = value.sequence()) {
      std::vector<Value> items;
      for (const Value& item : sequence->items()) items.push_back(copied(item));
      return make_list(std::move(items));
    }
    const auto map = value.map();
    if (!map) return value;
    auto copy = std::make_shared<Map>();
    for (const Map::Entry& entry : map->entries())
      copy->entries().push_back({entry.key, copied(entry.value)});
    return Value(std::move(copy));
  }

  void run_one(const json::object& vector) {
    std::optional<model::Execution> execution;
    json::object context;
    if (const auto* source = borrowed(vector, "execution", "executionOf")) execution = execution_of(*source);
    if (const auto* source = borrowed(vector, "context", "contextOf")) context = *source;
    Subject subject;
    if (!execution) {
      const std::string own = base::string_or(vector, vector.contains("contextOf") ? "contextOf" : "id", "");
      const auto values = contexts_.find(own);
      subject = of_names(context);
      if (values != contexts_.end()) subject.values = copied(values->second).map();
    } else {
      const auto current = base::string_member(vector, "currentStage");
      const model::Stage* stage = current ? execution->find_by_ref(*current) : nullptr;
      subject = stage ? of_stage(*execution, *stage) : of_execution(*execution);
    }
    compare(vector, evaluated(vector, subject));
  }

  struct Result {
    json::value value;
    std::string type;
    json::object summary;
  };

  /// Evaluates until all that it asks for has been answered from the vector.
  static Result evaluated(const json::object& vector, const Subject& subject) {
    Answers answers;
    Options options{.allow_unknown_keys = base::bool_or(vector, "allowUnknownKeys", true),
                    .now = base::from_millis(1'700'000'000'000),
                    .seed = 1,
                    .answers = &answers};
    const json::value& source = vector.at("template");
    // For the second look: the first may change what the names stand for.
    Subject again = subject;
    if (again.values) again.values = copied(Value(again.values)).map();
    for (int round = 0; round < 10; ++round) {
      const json::object document{{"v", source}};
      Evaluation evaluation = evaluate(document, subject, options);
      if (evaluation.open.empty()) {
        const json::value* value = evaluation.document.if_contains("v");
        Result result{value ? *value : evaluation.document, "", std::move(evaluation.summary)};
        result.type = type_name(wrap(result.value));
        if (source.is_string()) describe_text(source.get_string(), again, options, result);
        return result;
      }
      for (const Question& question : evaluation.open) answers.emplace(question, answer(vector, question));
    }
    return {};
  }

  /// A text's value in full: its Java type, and objects as vectors write them.
  static void describe_text(std::string_view text, const Subject& subject, const Options& options,
                            Result& result) {
    if (!has_expression(text)) return;
    Session session(subject, options);
    const Outcome outcome = evaluate_in(text, session);
    if (!outcome.changed) return;
    result.value = described(outcome.value);
    result.type = type_name(outcome.value);
  }

  static Answer answer(const json::object& vector, const Question& question) {
    const auto* urls = base::find_object(vector, "urls");
    const auto* body =
        urls && question.kind == Question::Kind::url ? urls->if_contains(question.subject) : nullptr;
    return body ? Answer{*body, ""} : Answer{nullptr, fmt::format("'{}' does not answer", question.subject)};
  }

  /// "expression level kind code", in order.
  static std::vector<std::string> errors_of(const json::object& summary) {
    std::vector<std::string> errors;
    for (const auto& [expression, entries] : summary) {
      for (const json::value& entry : entries.get_array()) {
        const json::object& one = entry.get_object();
        const std::string java_class = base::string_or(one, "exceptionType", "");
        const std::string description = base::string_or(one, "description", "");
        const bool error = base::string_or(one, "level", "") == "ERROR";
        errors.push_back(
            fmt::format("{} | {} | {} | {}", std::string_view(expression), base::string_or(one, "level", ""),
                        java_class.substr(java_class.rfind('.') + 1), error ? code_in(description) : ""));
      }
    }
    std::sort(errors.begin(), errors.end());
    return errors;
  }

  /// The first ELnnnnE.
  static std::string code_in(std::string_view text) {
    for (std::size_t at = text.find("EL"); at != std::string_view::npos; at = text.find("EL", at + 1)) {
      const std::string_view code = text.substr(at, 7);
      if (code.size() == 7 && code.back() == 'E' &&
          std::all_of(code.begin() + 2, code.end() - 1, [](char c) { return c >= '0' && c <= '9'; }))
        return std::string(code);
    }
    return "";
  }

  static std::vector<std::string> expected_errors(const json::object& vector) {
    std::vector<std::string> errors;
    const auto* list = base::find_array(vector, "errors");
    for (const json::value& entry : list ? *list : json::array()) {
      const json::object& one = entry.as_object();
      errors.push_back(fmt::format("{} | {} | {} | {}", base::string_or(one, "expression", ""),
                                   base::string_or(one, "level", ""), base::string_or(one, "kind", ""),
                                   base::string_or(one, "code", "")));
    }
    std::sort(errors.begin(), errors.end());
    errors.erase(std::unique(errors.begin(), errors.end()), errors.end());
    return errors;
  }

  void compare(const json::object& vector, const Result& result) {
    const json::value* wanted = vector.if_contains("result");
    const json::value nothing;
    const std::string type = base::string_or(vector, "type", "");
    std::vector<std::string> found = errors_of(result.summary);
    found.erase(std::unique(found.begin(), found.end()), found.end());
    const std::vector<std::string> errors = expected_errors(vector);
    const bool value_fits =
        same(result.value, wanted ? *wanted : nothing, type != "Set" && type != "Collection");
    const bool fits = value_fits && (type.empty() || type == result.type) && errors == found;
    if (fits) {
      ++report_.passed;
      return;
    }
    ++report_.failed;
    const std::string id = base::string_or(vector, "id", "?");
    report_.failed_ids.push_back(id);
    std::string text = fmt::format("{}: {}\n", id, base::to_text(vector.at("template")));
    if (!value_fits)
      text += fmt::format("  result: {}\n  wanted: {}\n", base::to_text(result.value),
                          base::to_text(wanted ? *wanted : nothing));
    if (!type.empty() && type != result.type)
      text += fmt::format("  type: {}, wanted: {}\n", result.type, type);
    if (errors != found)
      text += fmt::format("  errors: {}\n  wanted: {}\n", fmt::join(found, "; "), fmt::join(errors, "; "));
    if (!result.summary.empty()) text += fmt::format("  summary: {}\n", base::to_text(result.summary));
    report_.differences.push_back(std::move(text));
  }

  const json::array& vectors_;
  Value values_;
  std::size_t place_ = 0;
  std::map<std::string, Value> contexts_;
  std::map<std::string, const json::object*> by_id_;
  VectorReport report_;
};

}  // namespace

VectorReport run_vectors(std::string_view text) {
  const json::value vectors =
      base::parse_json(text, "the file of vectors", {.bytes = 1U << 30, .depth = 200});
  if (!vectors.is_array()) throw base::Error(base::Kind::invalid, "the file of vectors must be a JSON list");
  try {
    return Runner(vectors.get_array(), read_json(text.substr(text.find('[')))).run();
  } catch (const Failure& failure) {
    throw base::Error(base::Kind::invalid, fmt::format("the file of vectors: {}", failure.what()));
  }
}

}  // namespace gennaker::expressions
