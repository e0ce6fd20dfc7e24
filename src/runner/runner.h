#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "engine/engine.h"
#include "runner/answerer.h"
#include "runner/back_off.h"
#include "runner/task.h"
#include "store/store.h"

namespace gennaker::runner {

class Mailroom;

struct RunnerParts {
  store::Store& store;
  const engine::StageCatalog& stages;
  const TaskCatalog& tasks;
  Operator& clouds;
  const base::Clock& clock;
  Answerer* answerer = nullptr;  ///< nullptr: what expressions ask of the outside has no answer
  BackOff back_off = {};
};

/// The durable shell around the engine. Commits what changed before it acts on it; takes up what a crash
/// left. Executions are spread over shards, one thread each; nothing is shared between them. Threads: every
/// function may be called from any executor and resumes on the caller's.
class Runner {
 public:
  Runner(RunnerParts parts, int shards);
  /// One shard that lives on `executor`, which runs on one thread: for
  /// simulations, whose clock is virtual. There is no thread to be joined; to stop it, stop the executor.
  Runner(RunnerParts parts, const base::asio::any_io_executor& executor);
  ~Runner();

  // Listeners are set before start().

  /// Called with every execution that has come to rest, on its shard.
  void on_end(std::function<void(const model::Execution&)> listener);
  /// Called, on any thread, when an execution of that configuration begins to wait for its restart, or when a
  /// command has been carried out that had this store::Command::slot_of.
  void on_slot(std::function<void(const std::string& pipeline_config_id)> listener);
  /// Called, on any thread, when executions of a server that has gone, or of this one before its start, were
  /// taken up: what those were about to do because something had ended is left to be done.
  void on_inherit(std::function<void()> listener);

  /// Hears of commands from now on, and begins to take up all executions of this server that are not
  /// complete, which may be thousands: one that is told something meanwhile is taken up before.
  Async<void> start();
  /// Stops runs where they are, as a crash would; joins the threads.
  void stop();

  /// Stores a new execution and starts it; returns when that is durable. Throws store::ClaimTaken: nothing
  /// is stored.
  Async<void> accept(model::Execution execution, std::vector<store::Claim> claims = {});
  /// As accept, but leaves it NOT_STARTED until somebody sends engine::Start.
  Async<void> accept_waiting(model::Execution execution, std::vector<store::Claim> claims = {});

  /// Sends an event to an execution, complete or not, whichever server it belongs to; returns when its effect
  /// on the state is durable. Throws base::Error: `not_found`, or what the engine refused (`conflict`,
  /// `invalid`, `not_found`); `timeout`: another server has not answered, and may still do it.
  Async<void> tell(std::string execution_id, engine::Event event);

  /// Asks the waiting tasks whose Again::wake_on is `word` again, now.
  void wake(std::string word);

 private:
  class Shard;
  Shard& shard_of(std::string_view execution_id);
  void begin();
  void watch_store();
  Async<void> accept(model::Execution execution, bool start, std::vector<store::Claim> claims);
  Async<bool> carry_out(store::Command command);
  Async<void> take_up(std::string execution_id);
  void inherit_soon(std::vector<std::string> execution_ids);
  Async<void> inherit(std::vector<std::string> execution_ids);

  RunnerParts parts_;
  std::function<void(const model::Execution&)> on_end_;
  std::function<void(const std::string&)> on_slot_;
  std::function<void()> on_inherit_;
  std::vector<std::unique_ptr<Shard>> shards_;
  bool watches_ = false;
  std::unique_ptr<Mailroom> mailroom_;  ///< on the first shard's executor
};

/// The word that wakes whoever waits for an execution's end.
std::string execution_word(std::string_view execution_id);
/// The word that wakes whoever waits for a change of an account's inventory.
std::string inventory_word(std::string_view account);

}  // namespace gennaker::runner
