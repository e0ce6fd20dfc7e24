#include "runner/mailroom.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/ids.h"
#include "base/logging.h"
#include "base/run_on.h"
#include "base/timer.h"
#include "runner/command_json.h"

namespace gennaker::runner {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds first_pause{100}, longest_pause{5'000};
/// In case the news of an answer is lost.
constexpr milliseconds between_looks{1'000};
/// Long enough for another server to take over from the one that was asked.
constexpr int most_looks = 20;

}  // namespace

Mailroom::Mailroom(const RunnerParts& parts, asio::any_io_executor executor, CarryOut carry_out,
                   OnSlot on_slot)
    : parts_(parts),
      executor_(std::move(executor)),
      carry_out_(std::move(carry_out)),
      on_slot_(std::move(on_slot)) {}

void Mailroom::look() {
  asio::co_spawn(executor_, look_now(), asio::detached);
}

Async<void> Mailroom::look_now() {
  look_again_ = true;
  if (std::exchange(looking_, true)) co_return;  // whoever looks does so again
  auto patience = first_pause;
  while (std::exchange(look_again_, false)) {
    try {
      auto taking_commands = take_commands();
      co_await std::move(taking_commands);
      auto taking_answers = take_answers();
      co_await std::move(taking_answers);
      patience = first_pause;
      continue;
    } catch (const base::Error& error) {
      base::log::warn("commands of other servers cannot be read now: {}", error.what());
    }
    look_again_ = true;
    auto waiting = base::sleep_for(parts_.clock, patience);
    co_await std::move(waiting);
    patience = std::min(patience * 2, longest_pause);
  }
  looking_ = false;
}

Async<void> Mailroom::take_commands() {
  std::vector<std::string> done;
  for (const auto& [id, carried_out] : found_) {
    if (carried_out) done.push_back(id);
  }
  const std::vector<store::Command> commands = co_await parts_.store.commands();
  for (const store::Command& command : commands) {
    if (found_.try_emplace(command.id, false).second)
      asio::co_spawn(executor_, deliver(command), asio::detached);
  }
  // Their answers were stored before this look.
  for (const std::string& id : done) found_.erase(id);
}

Async<void> Mailroom::take_answers() {
  if (asks_.empty()) co_return;
  std::vector<std::string> ids;
  for (const auto& [id, waiting] : asks_) ids.push_back(id);
  const std::vector<store::Answer> answers = co_await parts_.store.answers(std::move(ids));
  for (const store::Answer& answer : answers) {
    const auto found = asks_.find(answer.command_id);
    if (found == asks_.end()) continue;
    found->second->answer = answer;
    found->second->news.cancel();
  }
}

Async<void> Mailroom::deliver(store::Command command) {
  bool done = false;
  auto patience = first_pause;
  for (;;) {
    try {
      auto copy = command;
      auto carrying_out = carry_out_(std::move(copy));
      done = co_await std::move(carrying_out);
      break;
    } catch (const store::LeaseLost&) {
      break;  // whoever has it now finds it
    } catch (const base::Error& error) {
      base::log::warn("execution {} cannot be told now what is wanted of it: {}", command.execution_id,
                      error.what());
    }
    auto waiting = base::sleep_for(parts_.clock, patience);
    co_await std::move(waiting);
    patience = std::min(patience * 2, longest_pause);
  }
  if (!done) {
    found_.erase(command.id);
    // It may be this server's again, under another lease: a look in the meantime left it to this delivery.
    auto waiting = base::sleep_for(parts_.clock, first_pause);
    co_await std::move(waiting);
    co_return look();
  }
  found_[command.id] = true;
  if (!command.slot_of.empty()) on_slot_(command.slot_of);
}

Async<void> Mailroom::ask(std::string execution_id, engine::Event event) {
  auto asking = ask_here(std::move(execution_id), std::move(event));
  auto running_there = base::run_on(executor_, std::move(asking));
  co_await std::move(running_there);
}

Async<void> Mailroom::ask_here(std::string execution_id, engine::Event event) {
  const std::string id = base::derived_ulid(
      parts_.clock.now(), fmt::format("{}/{}/{}", execution_id, parts_.store.lease(), ++asked_));
  const auto waiting = std::make_shared<Waiting>(parts_.clock, executor_);
  asks_[id] = waiting;
  std::exception_ptr failure;
  try {
    store::Command command{id, execution_id, event_text(event), ""};
    auto sending = send(std::move(command));
    co_await std::move(sending);
    auto awaiting = wait_for_answer(waiting);
    co_await std::move(awaiting);
  } catch (...) {
    failure = std::current_exception();
  }
  asks_.erase(id);
  if (failure) std::rethrow_exception(failure);
  if (!waiting->answer) {
    throw base::Error(
        base::Kind::timeout,
        fmt::format("the server that execution {} belongs to has not answered yet, and may still "
                    "do what was asked: look before you ask again",
                    execution_id));
  }
  if (!waiting->answer->refusal.empty()) throw refusal_of(waiting->answer->refusal);
}

/// A commit that seemed to fail may have taken effect: the same command again does no harm.
Async<void> Mailroom::send(store::Command command) {
  auto patience = first_pause;
  for (int attempt = 1;; ++attempt) {
    try {
      store::Changes changes;
      changes.commands.push_back(command);
      auto committing = parts_.store.commit(std::move(changes));
      co_await std::move(committing);
      co_return;
    } catch (const base::Error& error) {
      if (!error.worth_retrying() || attempt == 5) throw;
    }
    auto waiting = base::sleep_for(parts_.clock, patience);
    co_await std::move(waiting);
    patience *= 2;
  }
}

Async<void> Mailroom::wait_for_answer(std::shared_ptr<Waiting> waiting) {
  for (int looks = 0; looks < most_looks && !waiting->answer; ++looks) {
    waiting->next_look->set(between_looks, [weak = std::weak_ptr(waiting)] {
      if (const auto late = weak.lock()) late->news.cancel();
    });
    auto news = waiting->news.async_wait(asio::as_tuple(asio::use_awaitable));
    co_await std::move(news);
    waiting->next_look->cancel();
    if (!waiting->answer) look();
  }
}

}  // namespace gennaker::runner
