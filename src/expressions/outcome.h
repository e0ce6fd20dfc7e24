#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "expressions/evaluator.h"
#include "expressions/failure.h"

namespace gennaker::expressions {

/// What became of one text that holds expressions.
struct Outcome {
  Value value;           ///< if `changed`
  json::value result;    ///< the same, as a document holds it
  bool changed = false;  ///< else the text stays as it is written
  bool failed = false;   ///< to be reported: as an error, or, without one, as not found
  std::optional<Failure> error;
  std::string escaped;  ///< what reports call it
};
/// Throws nothing that the text could cause.
Outcome evaluate_in(std::string_view text, Session& session);

}  // namespace gennaker::expressions
