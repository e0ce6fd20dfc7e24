#include "runner/shard.h"

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/logging.h"
#include "runner/command_json.h"
#include "runner/parents.h"
#include "runner/publish.h"

namespace gennaker::runner {

namespace asio = boost::asio;

namespace {

base::Error to_error(const engine::Refused& refused) {
  using Kind = engine::Refused::Kind;
  switch (refused.kind) {
    case Kind::conflict:
      return {base::Kind::conflict, refused.message};
    case Kind::not_found:
      return {base::Kind::not_found, refused.message};
    case Kind::invalid:
      return {base::Kind::invalid, refused.message};
    case Kind::not_allowed:
      return {base::Kind::invalid, refused.message, {{"status", 405}}};
  }
  return {base::Kind::internal, refused.message};
}

}  // namespace

Runner::Shard::Shard(const RunnerParts& parts, const std::function<void(const model::Execution&)>& on_end,
                     const std::function<void(const std::string&)>& on_slot,
                     std::function<void(std::string)> wake_everywhere, const asio::any_io_executor* executor)
    : parts_(parts),
      on_end_(on_end),
      on_slot_(on_slot),
      wake_everywhere_(std::move(wake_everywhere)),
      thread_(executor == nullptr ? std::make_unique<Thread>() : nullptr),
      executor_(executor == nullptr ? asio::any_io_executor(thread_->context.get_executor()) : *executor) {}

Runner::Shard::~Shard() {
  stop();
  let_go();
}

void Runner::Shard::let_go() {
  // Whoever waits for an answer keeps its execution, which keeps the letter, which keeps whoever waits.
  for (const auto& [id, live] : live_) live->mailbox.clear();
  if (thread_) thread_->context.let_go();
}

void Runner::Shard::stop() {
  if (!thread_ || !thread_->thread.joinable()) return;
  thread_->context.stop();
  thread_->work.reset();
  thread_->thread.join();
}

Async<void> Runner::Shard::accept(model::Execution execution, bool start, std::vector<store::Claim> claims) {
  co_await join_parents_if_asked_for(parts_.store, execution);
  if (live_.contains(execution.id)) {
    throw base::Error(base::Kind::conflict, fmt::format("execution {} exists already", execution.id));
  }
  const base::TimePoint now = parts_.clock.now();
  LivePtr live = adopt(std::move(execution), parts_.store.lease());
  live->turning = true;  // nobody else turns it before its first commit
  engine::Outcome outcome;
  if (start) outcome = live->advancer->advance(engine::Start{}, now);
  store::Changes changes;
  changes.lease = live->lease;
  changes.claims = std::move(claims);
  add_all(changes, *live->execution, now);
  // A commit that seems to fail may have taken effect: given up, the execution would be stored, and nobody
  // would run it.
  auto storing = commit(std::move(changes), Refused::give_up);
  std::exception_ptr failure;
  try {
    co_await std::move(storing);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    const std::string id = live->execution->id;
    forget(live);
    // A lease may have run out behind a commit whose answer was lost: then another server has it.
    auto looking = is_lost_but_stored(failure, id);
    if (co_await std::move(looking)) co_return;
    std::rethrow_exception(failure);
  }
  if (live->forgotten) co_return;
  for (const engine::Effect& effect : outcome.effects) carry_out(live, effect);
  live->turning = false;
  if (!live->mailbox.empty()) asio::co_spawn(executor_, turn(live), asio::detached);
  if (start) unload_if_at_rest(live);
}

Async<bool> Runner::Shard::is_lost_but_stored(std::exception_ptr failure, std::string execution_id) {
  try {
    std::rethrow_exception(failure);
  } catch (const store::LeaseLost&) {
    // Asked below: a handler cannot wait.
  } catch (...) {
    co_return false;
  }
  const auto stored = co_await parts_.store.execution(std::move(execution_id));
  co_return stored.has_value();
}

Async<bool> Runner::Shard::tell(std::string execution_id, engine::Event event) {
  LivePtr live = co_await find_or_load(std::move(execution_id));
  if (!live) co_return false;
  auto sending = send(live, std::move(event));
  co_await std::move(sending);
  co_return true;
}

Async<bool> Runner::Shard::carry_out_command(store::Command command) {
  LivePtr live;
  engine::Event event;
  std::optional<base::Error> misfit;  // there is no such execution, or no such command
  try {
    live = co_await find_or_load(command.execution_id);
    if (live) event = event_of(command.event);
  } catch (const base::Error& error) {
    if (error.worth_retrying()) throw;
    misfit = error;
  }
  if (misfit) {
    store::Changes changes;
    changes.answers.push_back({command.id, refusal_text(*misfit)});
    auto committing = commit(std::move(changes), Refused::give_up);
    co_await std::move(committing);
    co_return true;
  }
  if (!live) co_return false;
  try {
    auto sending = send(live, std::move(event), command.id);
    co_await std::move(sending);
  } catch (const base::Error& error) {
    // What the engine refused has been answered by the turn.
    if (error.worth_retrying()) throw;
  }
  co_return true;
}

Async<void> Runner::Shard::send(LivePtr live, engine::Event event, std::string command_id) {
  auto start = [this, live, event = std::move(event),
                command_id = std::move(command_id)](auto answer) mutable {
    auto done = [answer = std::move(answer)](std::exception_ptr error) { answer(error, 0); };
    post(live, Letter{std::move(event), std::move(done), std::move(command_id)});
  };
  co_await base::await_answer<int>(std::move(start));
}

Async<void> Runner::Shard::take_up(std::string execution_id) {
  LivePtr live = co_await find_or_load(std::move(execution_id));
  if (!live) co_return;
  // A command came first. What its turn has decided is not durable yet, and must not be acted upon.
  live->taken_up = live->turning;
  if (!live->turning) carry_out_pending(live);
}

void Runner::Shard::carry_out_pending(const LivePtr& live) {
  const std::vector<engine::Effect> effects = engine::pending(*live->execution);
  for (const engine::Effect& effect : effects) carry_out(live, effect);
  if (effects.empty() && live->execution->status == model::Status::running) {
    // A crash between two commits cannot leave this; an older version's bug could. Ask the core to go on.
    base::log::warn("execution {} is RUNNING and nothing of it is", live->execution->id);
  }
}

Async<Runner::Shard::LivePtr> Runner::Shard::find_or_load(std::string execution_id) {
  for (;;) {
    if (const auto found = live_.find(execution_id); found != live_.end()) {
      const LivePtr live = found->second;
      if (live->lease == parts_.store.lease()) co_return live;
      forget(live);
    }
    const std::uint64_t unloads = begin_reading(execution_id);
    std::optional<store::Lease> lease;
    std::optional<model::Execution> stored;
    std::exception_ptr failure;
    try {
      // Before it is read: from then on nobody else changes it.
      lease = co_await parts_.store.lease_on(execution_id);
      if (lease) stored = co_await parts_.store.execution(execution_id);
      if (stored) co_await join_parents_if_asked_for(parts_.store, *stored);
    } catch (...) {
      failure = std::current_exception();
    }
    const bool stale = end_reading(execution_id) != unloads;
    if (failure) std::rethrow_exception(failure);
    if (!lease) co_return nullptr;
    if (!stored)
      throw base::Error(base::Kind::not_found, fmt::format("execution {} is not known", execution_id));
    // Somebody else may have loaded it while we waited, and have changed and unloaded it too.
    if (!stale && !live_.contains(execution_id) && *lease == parts_.store.lease())
      co_return adopt(std::move(*stored), *lease);
  }
}

std::uint64_t Runner::Shard::begin_reading(const std::string& execution_id) {
  Reading& reading = reading_[execution_id];
  ++reading.readers;
  return reading.unloads;
}

std::uint64_t Runner::Shard::end_reading(const std::string& execution_id) {
  const auto found = reading_.find(execution_id);
  const std::uint64_t unloads = found->second.unloads;
  if (--found->second.readers == 0) reading_.erase(found);
  return unloads;
}

Runner::Shard::LivePtr Runner::Shard::adopt(model::Execution execution, store::Lease lease) {
  auto live = std::make_shared<Live>();
  live->lease = lease;
  live->execution = std::make_shared<model::Execution>(std::move(execution));
  live->advancer.emplace(parts_.stages, *live->execution);
  live_[live->execution->id] = live;
  return live;
}

void Runner::Shard::forget(store::Lease lease) {
  std::vector<LivePtr> gone;
  for (const auto& [id, live] : live_) {
    if (live->lease == lease) gone.push_back(live);
  }
  for (const LivePtr& live : gone) forget(live);
}

/// As a crash would: what was not durable has not happened.
void Runner::Shard::forget(const LivePtr& live) {
  if (std::exchange(live->forgotten, true)) return;
  const auto found = live_.find(live->execution->id);
  if (found != live_.end() && found->second == live) live_.erase(found);
  std::vector<RunPtr> runs;
  for (const auto& [key, run] : live->runs) runs.push_back(run);
  for (const RunPtr& run : runs) drop(live, run);
  for (Letter& letter : std::exchange(live->mailbox, {}))
    refuse(letter, std::make_exception_ptr(store::LeaseLost()));
}

void Runner::Shard::refuse(Letter& letter, std::exception_ptr why) {
  if (letter.done) letter.done(std::move(why));
}

void Runner::Shard::post(const LivePtr& live, Letter letter) {
  if (live->forgotten) return refuse(letter, std::make_exception_ptr(store::LeaseLost()));
  live->mailbox.push_back(std::move(letter));
  if (live->turning) return;
  live->turning = true;
  asio::co_spawn(executor_, turn(live), asio::detached);
}

/// Events that came while the last commit was under way share the next one.
Async<void> Runner::Shard::turn(LivePtr live) {
  live->turning = true;
  while (!live->mailbox.empty()) {
    std::vector<Letter> letters = std::exchange(live->mailbox, {});
    const base::TimePoint now = parts_.clock.now();
    store::Changes changes;
    changes.lease = live->lease;
    std::vector<engine::Effect> effects;
    std::vector<std::exception_ptr> answers;
    for (const Letter& letter : letters) {
      engine::Outcome outcome = live->advancer->advance(letter.event, now);
      std::optional<base::Error> refusal;
      if (outcome.refused) refusal = to_error(*outcome.refused);
      answers.push_back(refusal ? std::make_exception_ptr(*refusal) : nullptr);
      if (!letter.command_id.empty())
        changes.answers.push_back({letter.command_id, refusal ? refusal_text(*refusal) : ""});
      add_changes(changes, *live->execution, outcome, now);
      std::move(outcome.effects.begin(), outcome.effects.end(), std::back_inserter(effects));
    }
    drop_stale_runs(live);
    if (!changes.feed.empty() || !changes.answers.empty()) {
      auto storing = commit(std::move(changes));
      std::exception_ptr lost;
      try {
        co_await std::move(storing);
      } catch (...) {
        lost = std::current_exception();
      }
      if (lost) {
        for (Letter& letter : letters) refuse(letter, lost);
        co_return forget(live);
      }
    }
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if (letters[i].done) letters[i].done(answers[i]);
    }
    if (live->forgotten) co_return;
    for (const engine::Effect& effect : effects) carry_out(live, effect);
    const bool waits = std::any_of(letters.begin(), letters.end(), [](const Letter& letter) {
      return std::holds_alternative<engine::QueueRestart>(letter.event);
    });
    if (waits && on_slot_) on_slot_(live->execution->pipeline_config_id);
  }
  live->turning = false;
  if (std::exchange(live->taken_up, false)) carry_out_pending(live);
  unload_if_at_rest(live);
}

/// What is in memory is ahead of what is stored until this returns, so it does not give up, unless it is
/// another server's business by now: LeaseLost.
Async<void> Runner::Shard::commit(store::Changes changes, Refused refused) {
  auto patience = std::chrono::milliseconds(100);
  for (;;) {
    std::string failure;
    try {
      auto copy = changes;
      co_await parts_.store.commit(std::move(copy));
      co_return;
    } catch (const store::LeaseLost&) {
      throw;
    } catch (const base::Error& error) {
      if (refused == Refused::give_up && !error.worth_retrying()) throw;
      failure = error.what();
    }
    base::log::error("the store did not take a change, trying again in {} ms: {}", patience.count(), failure);
    auto waiting = base::sleep_for(parts_.clock, patience);
    co_await std::move(waiting);
    patience = std::min(patience * 2, std::chrono::milliseconds(5000));
  }
}

/// Whoever is at rest meanwhile is not told.
Async<void> Runner::Shard::find_answers(LivePtr live, engine::Ask ask) {
  auto asking = answers_to(parts_.answerer, std::move(ask.questions));
  engine::Answered answered{std::move(ask.stage_id), {}};
  answered.answers = co_await std::move(asking);
  const auto found = live_.find(live->execution->id);
  if (found != live_.end() && found->second == live) post(live, Letter{std::move(answered), {}});
}

void Runner::Shard::unload_if_at_rest(const LivePtr& live) {
  const model::Execution& execution = *live->execution;
  if (live->turning || !live->runs.empty() || !live->mailbox.empty() || !engine::at_rest(execution)) return;
  const auto found = live_.find(execution.id);
  if (found == live_.end() || found->second != live) return;  // told already
  live_.erase(found);
  if (const auto read = reading_.find(execution.id); read != reading_.end()) ++read->second.unloads;
  wake_everywhere_(execution_word(execution.id));
  if (on_end_) on_end_(execution);
}

}  // namespace gennaker::runner
