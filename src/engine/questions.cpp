#include "engine/questions.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/json.h"
#include "engine/turn.h"

namespace gennaker::engine {

namespace json = boost::json;
using expressions::Question;
using model::Status;

namespace {

constexpr std::string_view field = "_openQuestions";
/// After so many a stage goes on with what it knows.
constexpr int most_rounds = 5;

constexpr std::array<std::string_view, 5> kinds = {"url", "pipelineId", "application", "canaryConfig",
                                                   "artifact"};
constexpr std::array<std::string_view, 3> places = {"start", "planning", "task"};

template <class Enum, std::size_t count>
std::string_view word_of(const std::array<std::string_view, count>& words, Enum value) {
  return words[static_cast<std::size_t>(value)];
}

template <class Enum, std::size_t count>
Enum value_of(const std::array<std::string_view, count>& words, std::string_view word) {
  const auto found = std::find(words.begin(), words.end(), word);
  return found == words.end() ? Enum{} : static_cast<Enum>(found - words.begin());
}

json::object to_json(const Question& question) {
  return {{"kind", word_of(kinds, question.kind)}, {"subject", question.subject}, {"scope", question.scope}};
}

Question question_from(const json::object& written) {
  return {value_of<Question::Kind>(kinds, base::string_or(written, "kind", "")),
          base::string_or(written, "subject", ""), base::string_or(written, "scope", "")};
}

json::object to_json(const OpenQuestions& open) {
  json::array questions;
  for (const Question& question : open.questions) questions.push_back(to_json(question));
  return {
      {"before", word_of(places, open.before)}, {"round", open.round}, {"questions", std::move(questions)}};
}

/// For people; without a URL's query: that is where keys are.
std::string in_words(const Question& question) {
  return question.subject.substr(0, std::min(question.subject.find_first_of("?#"), question.subject.size()));
}

}  // namespace

std::optional<OpenQuestions> open_questions(const model::Stage& stage) {
  const auto* written = base::find_object(stage.context, field);
  if (written == nullptr || model::is_complete(stage.status)) return std::nullopt;
  OpenQuestions open;
  open.before = value_of<Before>(places, base::string_or(*written, "before", ""));
  open.round = static_cast<int>(base::whole_number(*written, "round").value_or(1));
  if (const auto* questions = base::find_array(*written, "questions")) {
    for (const json::value& question : *questions) {
      if (question.is_object()) open.questions.push_back(question_from(question.get_object()));
    }
  }
  return open;
}

bool Turn::waits_for_answers(model::Stage& stage, Before before, std::vector<Question> open) {
  const bool again = answered_ != nullptr && answered_->stage_id == stage.id;
  const int round = again ? round_ + 1 : 1;
  if (open.empty() || round > most_rounds) return false;
  // What was answered is asked once more: a crash would forget the answers.
  if (again) {
    for (const auto& [question, answer] : answered_->answers) open.push_back(question);
  }
  std::sort(open.begin(), open.end());
  open.erase(std::unique(open.begin(), open.end()), open.end());
  stage.context[field] = to_json(OpenQuestions{before, round, open});
  stage.context["waitingFor"] = fmt::format("an answer: {}", in_words(open.front()));
  changed(stage);
  outcome_.effects.push_back(Ask{stage.id, std::move(open)});
  return true;
}

void Turn::forget_questions(model::Stage& stage) {
  if (stage.context.erase(field) == 0) return;
  stage.context.erase("waitingFor");
  changed(stage);
}

void Turn::on(const Answered& answered) {
  model::Stage* stage = execution_.find_stage(answered.stage_id);
  const auto open = stage == nullptr ? std::nullopt : open_questions(*stage);
  if (!open || winding_down()) return;  // late: the stage was skipped, restarted or has ended
  forget_questions(*stage);
  answered_ = &answered;
  round_ = open->round;
  switch (open->before) {
    case Before::start:
      return push(What::start_stage, stage->id);
    case Before::planning:
      if (evaluate_context(*stage, Before::planning)) plan_and_run(*stage);
      return;
    case Before::task:
      return start_next_task(*stage);
  }
}

}  // namespace gennaker::engine
