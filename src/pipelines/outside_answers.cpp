#include "pipelines/outside_answers.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::pipelines {

using expressions::Answer;
using expressions::Question;

namespace {

constexpr std::chrono::seconds time_limit{30};

bool may_pass(int status) {
  return status == 429 || status == 500 || status == 503 || status == 504;
}

/// One try at a URL.
struct Try {
  Answer answer;
  bool worth_another = false;
};

Async<Try> try_fetch(net::HttpClient& client, std::shared_ptr<const net::UrlFence> fence, std::string url) {
  net::ClientRequest request;
  request.url = url;
  request.timeout = time_limit;
  Try made;
  try {
    auto sending = net::send_within(client, std::move(fence), std::move(request));
    const net::ClientResponse response = co_await std::move(sending);
    if (response.status >= 200 && response.status < 300) {
      made.answer.value = response.body;
    } else {
      made.answer.error = fmt::format("{} answered with status {}", net::shown_url(url), response.status);
      made.worth_another = may_pass(response.status);
    }
  } catch (const base::Error& error) {
    made.answer.error = error.what();
    made.worth_another = error.worth_retrying();
  }
  co_return made;
}

}  // namespace

Async<Answer> OutsideAnswers::answer(Question question) {
  Answer answer;
  switch (question.kind) {
    case Question::Kind::url: {
      auto fetching = fetch(std::move(question.subject));
      answer = co_await std::move(fetching);
      break;
    }
    case Question::Kind::pipeline_id: {
      auto finding = pipeline_id(std::move(question.scope), std::move(question.subject));
      answer = co_await std::move(finding);
      break;
    }
    case Question::Kind::application: {
      auto finding = application(std::move(question.subject));
      answer = co_await std::move(finding);
      break;
    }
    case Question::Kind::canary_config:
      break;  // null: there is none of that name
    case Question::Kind::artifact:
      answer.value = question.subject;
      break;
  }
  co_return answer;
}

Async<Answer> OutsideAnswers::fetch(std::string url) {
  auto fetching = try_fetch(parts_.client, parts_.fence, url);
  Try made = co_await std::move(fetching);
  if (made.worth_another) {
    auto waiting = base::sleep_for(parts_.patience);
    co_await std::move(waiting);
    auto again = try_fetch(parts_.client, parts_.fence, std::move(url));
    made = co_await std::move(again);
  }
  co_return std::move(made.answer);
}

Async<Answer> OutsideAnswers::pipeline_id(std::string application, std::string name) {
  auto finding = parts_.configurations.find(std::move(application), name);
  const std::optional<json::object> config = co_await std::move(finding);
  Answer answer;
  const bool named = config && base::string_or(*config, "name", "") == name;
  if (named) answer.value = base::string_or(*config, "id", "");
  co_return answer;
}

Async<Answer> OutsideAnswers::application(std::string name) {
  auto finding = parts_.applications.find(name);
  const std::optional<json::object> found = co_await std::move(finding);
  Answer answer;
  if (found) {
    answer.value = *found;
  } else {
    answer.error = fmt::format("there is no application '{}'", name);
  }
  co_return answer;
}

}  // namespace gennaker::pipelines
