#include "runner/answerer.h"

#include <fmt/format.h>

namespace gennaker::runner {

namespace {

constexpr int most_rounds = 5;

Async<expressions::Answer> answer_to(Answerer* answerer, expressions::Question question) {
  expressions::Answer answer;
  if (answerer == nullptr) {
    answer.error = fmt::format("'{}' cannot be looked up here", question.subject);
    co_return answer;
  }
  try {
    auto asking = answerer->answer(std::move(question));
    answer = co_await std::move(asking);
  } catch (const std::exception& error) {
    answer.error = error.what();
  }
  co_return answer;
}

}  // namespace

Async<expressions::Answers> answers_to(Answerer* answerer, std::vector<expressions::Question> questions) {
  expressions::Answers answers;
  for (const expressions::Question& question : questions) {
    if (answers.contains(question)) continue;
    auto asking = answer_to(answerer, question);
    expressions::Answer answer = co_await std::move(asking);
    answers.emplace(question, std::move(answer));
  }
  co_return answers;
}

Async<void> evaluate_answered(Answerer* answerer, expressions::Options options, Evaluate evaluate) {
  expressions::Answers known;
  options.answers = &known;
  for (int round = 0; round < most_rounds; ++round) {
    std::vector<expressions::Question> open = evaluate(options);
    if (open.empty()) co_return;
    auto asking = answers_to(answerer, std::move(open));
    expressions::Answers answers = co_await std::move(asking);
    known.merge(answers);
  }
  evaluate(options);
}

}  // namespace gennaker::runner
