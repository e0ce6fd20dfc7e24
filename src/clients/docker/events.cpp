#include "clients/docker/events.h"

#include "base/error.h"
#include "base/json.h"
#include "clients/docker/json_lines.h"
#include "clients/docker/refusal.h"
#include "net/client.h"

namespace gennaker::clients::docker {
namespace {

using base::Error;
using base::Kind;

Event event_of(const base::json::object& line) {
  Event event{.type = base::string_or(line, "Type", ""), .action = base::string_or(line, "Action", "")};
  if (event.type.empty() || event.action.empty()) {
    throw Error(Kind::invalid, "the engine tells something that is no event: it has no 'Type' or 'Action'");
  }
  const auto seconds = base::whole_number(line, "time").value_or(0);
  const auto nanoseconds = base::whole_number(line, "timeNano").value_or(seconds * 1'000'000'000);
  event.time = base::from_millis(nanoseconds / 1'000'000);
  const auto* actor = base::find_object(line, "Actor");
  if (actor == nullptr) return event;
  event.id = base::string_or(*actor, "ID", "");
  const auto* attributes = base::find_object(*actor, "Attributes");
  if (attributes == nullptr) return event;
  for (const auto& [name, value] : *attributes) event.attributes.emplace(name, base::plain_text(value));
  return event;
}

}  // namespace

struct EventStream::State {
  std::unique_ptr<net::AnswerStream> answer;
  std::string what;
  JsonLines lines;
  std::deque<Event> events;

  void take(const std::string& bytes) {
    if (bytes.empty()) throw Error(Kind::unavailable, "the engine has ended the stream");
    for (const auto& line : lines.feed(bytes)) events.push_back(event_of(line));
  }
};

EventStream::EventStream(std::unique_ptr<net::AnswerStream> answer, std::string what)
    : state_(new State{.answer = std::move(answer), .what = what, .lines = JsonLines("an event")}) {}
EventStream::EventStream(EventStream&&) noexcept = default;
EventStream& EventStream::operator=(EventStream&&) noexcept = default;
EventStream::~EventStream() = default;

base::Async<Event> EventStream::next() {
  try {
    while (state_->events.empty()) {
      const std::string bytes = co_await state_->answer->read();
      state_->take(bytes);
    }
  } catch (const Error& error) {
    throw with_context(state_->what, error);
  }
  Event event = std::move(state_->events.front());
  state_->events.pop_front();
  co_return event;
}

}  // namespace gennaker::clients::docker
