#pragma once

#include <atomic>
#include <fmt/format.h>

#include "runner/answerer.h"

namespace gennaker::testing {

/// Answers what it was told to; the rest has no answer. Threads: set before anybody asks.
class ScriptedAnswers final : public runner::Answerer {
 public:
  base::Async<expressions::Answer> answer(expressions::Question question) override {
    ++asked;
    const auto found = known.find(question);
    expressions::Answer answer;
    if (found != known.end()) {
      answer = found->second;
    } else {
      answer.error = fmt::format("nobody knows '{}'", question.subject);
    }
    co_return answer;
  }

  void url(std::string address, std::string body) {
    known[{expressions::Question::Kind::url, std::move(address), ""}].value = std::move(body);
  }

  expressions::Answers known;
  std::atomic<int> asked = 0;
};

}  // namespace gennaker::testing
