#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/execution.h"

/// The ${...} language of pipelines: Spinnaker's dialect of SpEL. docs/expressions.md is its reference.
namespace gennaker::expressions {

namespace json = boost::json;

class Map;

/// What the names at the start of an expression mean. What it refers to must outlive its use.
struct Subject {
  const model::Execution* execution = nullptr;
  /// The one that is being run: its fields are names, and what it lacks comes from the stages before it.
  const model::Stage* stage = nullptr;
  /// Names that are just there: `trigger` and `templateVariables` when a pipeline starts.
  const json::object* names = nullptr;
  /// The same as values: for integers that our JSON cannot hold. Changed by assignments.
  std::shared_ptr<Map> values;
  /// In whose name it runs; empty: the execution's user.
  std::string user;
};
Subject of_stage(const model::Execution& execution, const model::Stage& stage);
Subject of_execution(const model::Execution& execution);
Subject of_names(const json::object& names);

/// Something that only the world outside can answer. An evaluation asks nobody: what it lacks, it lists.
struct Question {
  enum class Kind : std::uint8_t {
    url,            ///< subject: the address; answered by the body
    pipeline_id,    ///< subject: the name, scope: the application; null if there is none
    application,    ///< subject: the name; answered by its attributes
    canary_config,  ///< subject: the name, scope: the application
    artifact,       ///< subject: "ref://..."; answered by what is stored there
  };
  Kind kind{};
  std::string subject, scope;
  auto operator<=>(const Question&) const = default;
};
struct Answer {
  json::value value;
  std::string error;  ///< why there is none; empty: there is
};
using Answers = std::map<Question, Answer>;

/// Where a name was found, for those who ask why.
struct LookedUp {
  std::string name;
  std::string where;  ///< "this stage's context", "outputs of stage 'Bake'", "nowhere" ...
  json::value value;
};

/// One expression of a text, looked at in detail; the whole text with its braces, if it cannot be parsed.
struct Explanation {
  std::string expression;
  json::value value;
  std::string type;  ///< "Integer", "Map" ...
  std::vector<LookedUp> names;
  /// For one that failed.
  std::string error, code, kind;
  std::optional<std::size_t> column;  ///< in the expression, from 1
  std::string suggestion;             ///< the nearest known name; empty: none is near
  /// The texts with Options::noted_mark in them that it read, each once.
  std::vector<std::string> noted;
};

struct Options {
  /// false, when a pipeline starts: a key that is not there is an error.
  bool allow_unknown_keys = true;
  base::TimePoint now{};
  /// For what is drawn at random.
  std::uint64_t seed = 0;
  const Answers* answers = nullptr;
  /// Set: an explanation notes the texts that hold this, which an expression reads on its way.
  std::string_view noted_mark = {};
};

/// What failed: expression → [{level, description, exceptionType, timestamp}]; empty if nothing did.
struct Evaluation {
  json::object document;
  json::object summary;
  std::size_t evaluated = 0, failed = 0;
  std::vector<Question> open;  ///< ask these, and evaluate again
};
struct TextEvaluation {
  json::value value;
  json::object summary;
  std::vector<Question> open;
};

/// Whether the text holds an expression.
bool has_expression(std::string_view text);
/// Whether any text in the document does; a quick look that saves the rest.
bool has_expression(const json::value& value);
bool has_expression(const json::object& document);

/// Evaluates every text of the document, keys of objects included, in one pass. A text that is one expression
/// and nothing else takes the type of its value; in a longer text the values are joined in. What fails stays
/// as it is written and is listed in the summary. Never throws for what is written in the document. Pure;
/// threads: any.
Evaluation evaluate(const json::object& document, const Subject& subject, const Options& options = {});

/// One text, as above.
TextEvaluation evaluate_text(std::string_view text, const Subject& subject, const Options& options = {});

/// Every expression of a text: what it gives, whence its names came, and why it fails.
std::vector<Explanation> explain(std::string_view text, const Subject& subject, const Options& options = {});

/// Why a text cannot be parsed; nullopt: it can. For those who check a pipeline before it runs.
struct Unparsable {
  std::string text, message;
  std::optional<std::size_t> column;  ///< in the text, from 1
};
std::optional<Unparsable> check_syntax(std::string_view text);
/// The stages that a text asks for by literal names: `#stage('Bake')`.
std::vector<std::string> stages_named_in(std::string_view text);

/// Runs vectors (docs/expressions.md, "Vectors"): expressions with their contexts and expected results.
struct VectorReport {
  std::size_t passed = 0, failed = 0;
  std::vector<std::string> differences;  ///< one for each that failed, for people
  std::vector<std::string> failed_ids;
};
/// Throws base::Error `invalid` when the text is not a JSON list of vectors.
VectorReport run_vectors(std::string_view text);

}  // namespace gennaker::expressions
