#pragma once

#include <map>
#include <memory>
#include <string>

#include "expressions/ast.h"
#include "expressions/expressions.h"
#include "expressions/methods.h"
#include "expressions/subjects.h"

namespace gennaker::expressions {

/// The names at the start of an expression. Reading what is there is cheap: nothing is copied until somebody
/// wants all of it, or changes it.
class RootMap final : public Map {
 public:
  RootMap(World& world, const Subject& subject, std::vector<LookedUp>*& trace)
      : world_(world), subject_(subject), trace_(trace) {}

  std::optional<Value> find(std::string_view key) override;
  std::vector<Entry>& entries() override;
  std::size_t size() override { return entries().size(); }
  /// The names that there are, the ancestors' too: for suggestions.
  std::vector<std::string> names();

 private:
  struct Found {
    Value value;
    std::string where;
  };
  std::optional<Found> look_up(std::string_view key);
  std::optional<Found> made(std::string_view key);
  Value parameters();
  bool is_pipeline() const;

  World& world_;
  const Subject& subject_;
  std::vector<LookedUp>*& trace_;
  bool whole_ = false;
  std::map<std::string, Value, std::less<>> kept_;  ///< containers that were handed out
};

/// One call of evaluate: what all its expressions share.
struct Session {
  Session(const Subject& subject, const Options& options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Subject& subject;
  const Options& options;
  World world;
  std::vector<LookedUp>* trace = nullptr;
  std::vector<std::string>* noted = nullptr;  ///< where texts with Options::noted_mark go
  std::shared_ptr<RootMap> root;
  std::map<std::string, Value, std::less<>> variables;
  Surroundings around;
  std::vector<Question> open;

  std::string user() const;
  /// Throws Failure when the answer is not known yet, or there is none.
  const json::value& ask(Question question);
};

/// Throws Failure.
Value evaluate_node(const Node& node, Session& session);

// ---- Functions ----

bool is_function(std::string_view name);
std::vector<std::string_view> function_names();
/// Throws Failure: EL1014E, EL1023E.
Value call_function(std::string_view name, std::vector<Value> arguments, Session& session);
/// The names of those that get the execution put in front of their arguments.
const std::vector<std::string_view>& functions_of_the_execution();

// ---- Operators ----

Value add(const Value& a, const Value& b);
Value subtract(const Value& a, const Value& b);
Value multiply(const Value& a, const Value& b);
Value divide(const Value& a, const Value& b);
Value modulo(const Value& a, const Value& b);
Value power(const Value& a, const Value& b);
Value negate(const Value& value);
Value step(const Value& value, int by);
bool equal(const Value& a, const Value& b);
/// Below 0: a comes first. Throws Failure.
int compare(const Value& a, const Value& b);
bool between(const Value& value, const Value& bounds);
/// What a pattern is held against. Throws Failure.
std::string text_to_match(const Value& value);
bool matches(std::string_view text, const Value& pattern);

// ---- Texts in other notations ----

/// Compact, as Jackson writes it.
std::string write_json(const Value& value);
/// The value that the text begins with. Throws Failure.
Value read_json(std::string_view text);
Value read_yaml(std::string_view text, bool all_documents);
/// Java's .properties.
Value read_properties(std::string_view text);

/// What #doNotEval wraps.
class NotEvaluated final : public Object {
 public:
  explicit NotEvaluated(Value inner) : inner_(std::move(inner)) {}
  const Value& inner() const { return inner_; }
  std::string_view type() const override { return "NotEvaluableExpression"; }
  json::value to_json() const override { return json::object{{"expression", expressions::to_json(inner_)}}; }

 private:
  Value inner_;
};

}  // namespace gennaker::expressions
