#pragma once

#include <optional>
#include <vector>

#include "expressions/expressions.h"
#include "model/execution.h"

/// What a stage waits to be told before it goes on. It is kept in the stage's context, so that a crash does
/// not forget it.
namespace gennaker::engine {

/// Where the stage stands, and goes on.
enum class Before : std::uint8_t {
  start,     ///< whether it is enabled is not known yet
  planning,  ///< it is running and has no plan
  task,      ///< its next task is to start
};

struct OpenQuestions {
  Before before{};
  /// How often it has asked: an answer may lead to another question.
  int round = 1;
  /// Those of earlier rounds too.
  std::vector<expressions::Question> questions;
};

/// nullopt: the stage waits for no answer.
std::optional<OpenQuestions> open_questions(const model::Stage& stage);

}  // namespace gennaker::engine
