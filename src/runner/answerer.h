#pragma once

#include <functional>
#include <vector>

#include "base/async.h"
#include "expressions/expressions.h"

namespace gennaker::runner {

namespace json = boost::json;
using base::Async;

/// Whoever knows what expressions ask of the world outside. Threads: any.
class Answerer {
 public:
  virtual ~Answerer() = default;
  /// Throws nothing that the world could cause: what has no answer gets one with an error. Ends within a
  /// minute or two. Resumes on the caller's executor.
  virtual Async<expressions::Answer> answer(expressions::Question question) = 0;
};

/// One after another. nullptr: each answer is an error. What `answerer` throws is one, too.
Async<expressions::Answers> answers_to(Answerer* answerer, std::vector<expressions::Question> questions);

/// Evaluates with the options that it gets, and says which questions are open.
using Evaluate = std::function<std::vector<expressions::Question>(const expressions::Options&)>;
/// Evaluates again, with the answers, until no question is open; an answer may lead to another question, but
/// not for ever. What `evaluate` refers to must outlive the call.
Async<void> evaluate_answered(Answerer* answerer, expressions::Options options, Evaluate evaluate);

}  // namespace gennaker::runner
