#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/timer.h"
#include "base/virtual_clock.h"
#include "clusters/clouds.h"
#include "clusters/simulated_cloud.h"
#include "pipelines/outside_answers.h"
#include "pipelines/stage_parts.h"
#include "rehearsal/outside.h"
#include "store/memory/memory_store.h"

/// A server in miniature in which nothing is real but the engine, the runner and the stages: time is virtual,
/// clouds are simulated, the store forgets. Plans and pipeline tests run in it.
namespace gennaker::rehearsal {

namespace json = boost::json;
using base::Async;

/// A cloud account as the rehearsal finds it.
struct AccountState {
  model::Account account;
  clusters::Snapshot holds = {};
};

/// What there is when a rehearsal begins.
struct Setting {
  pipelines::AddStages add_stages;
  /// Of the URLs that users write.
  std::shared_ptr<const net::UrlFence> fence;
  /// Whose pipelines, applications and executions it can read; nothing of it is changed. May be nullptr.
  store::Store* beneath = nullptr;
  std::vector<AccountState> accounts = {};
  base::TimePoint start = base::from_millis(0);
  std::uint64_t seed = 1;
  /// A rehearsal in which this passes without an end is given up.
  std::chrono::milliseconds patience = std::chrono::hours(24 * 400);
};

/// Whose step an operation, or a webhook with an Idempotency-Key, belongs to: what its key was made from.
struct Asker {
  std::string execution_id, stage_id, task_id;
};
Asker asker_of(std::string_view key);

/// An operation that was carried out, or refused.
struct Performed {
  Asker by;
  model::Operation operation;
  json::object answer = {};
  std::string failure = {};  ///< empty: it was carried out
  base::TimePoint at{};
};

/// A call to a URL and its answer.
struct Called {
  net::ClientRequest request;
  int status = 0;  ///< 0: there was none
  std::string failure = {};
  base::TimePoint at{};
};

/// Threads: everything happens on the thread that calls.
class World {
 public:
  /// `outside` must outlive it.
  World(Setting setting, Outside& outside);
  ~World();

  pipelines::Configurations& configurations() { return configurations_; }
  pipelines::Applications& applications() { return applications_; }
  store::Store& store() { return store_; }
  const engine::StageCatalog& stages() const { return stages_; }
  const base::VirtualClock& clock() const { return clock_; }
  void each_cloud(const std::function<void(clusters::SimulatedCloud&)>& visit);
  /// nullptr: no such account.
  clusters::SimulatedCloud* cloud(std::string_view account);

  /// Starts a pipeline and returns the execution's id. Throws what pipelines::Starter throws.
  std::string start(pipelines::StartRequest request);
  std::string start_orchestration(json::object request, std::string user);
  /// Runs what is asked, letting time pass if it must, and gives its result or throws its exception.
  template <class T>
  T run(Async<T> what);

  /// Runs until `done` holds, asked whenever everybody waits, or nothing is left that could happen.
  /// Returns whether it holds.
  bool run_until(const std::function<bool()>& done);
  /// Until the execution has ended and come to rest; false if it never does, by what the world knows.
  bool run_until_rest(const std::string& execution_id);
  /// It has ended, and nothing is left to do for it.
  bool at_rest(const std::string& execution_id) const { return resting_.contains(execution_id); }

  /// `act` is called when that time has passed, if the rehearsal lasts so long.
  void after(std::chrono::milliseconds time, std::function<void()> act);
  /// Sends an event to an execution; a refusal is thrown away unless `refused` wants its message.
  void tell(std::string execution_id, engine::Event event, std::function<void(std::string)> refused = {});
  void restart(std::string execution_id, engine::RestartStage restart,
               std::function<void(std::string)> refused = {});

  /// As it is stored; nullopt if there is none.
  std::optional<model::Execution> execution(const std::string& id);
  /// Ids of all that were started, in their order: children too.
  const std::vector<std::string>& started() const { return started_; }
  /// In the order in which they were answered.
  const std::vector<Performed>& performed() const { return performed_; }
  const std::vector<Called>& called() const { return called_; }

 private:
  class ScriptedTask;
  class RecordingOperator;
  class ScriptedClient;

  bool step();
  void let_time_pass_to(base::TimePoint moment);
  std::optional<base::TimePoint> next_moment() const;
  Async<void> pause(std::chrono::milliseconds time);
  Async<void> send(std::string execution_id, engine::Event event, std::function<void(std::string)> refused);
  Async<void> send_restart(std::string execution_id, engine::RestartStage restart,
                           std::function<void(std::string)> refused);

  Outside& outside_;
  base::VirtualClock clock_;  // before the context: what sleeps in it holds timers
  base::SeededRandom random_;
  boost::asio::io_context io_{1};
  base::TimePoint give_up_at_;
  store::MemoryStore store_;
  pipelines::Applications applications_;
  pipelines::Configurations configurations_;
  clusters::Clouds clouds_;
  std::vector<clusters::SimulatedCloud*> accounts_;
  clusters::TrafficGuards guards_;
  store::MemoryStore locks_store_;  ///< a rehearsal keeps nobody waiting
  clusters::ClusterLocks locks_;
  bakery::Bakes bakes_;  ///< of two that are the same, one waits for the other here too
  std::unique_ptr<RecordingOperator> operator_;
  std::unique_ptr<ScriptedClient> client_;
  pipelines::OutsideAnswers answers_;
  engine::StageCatalog stages_;
  runner::TaskCatalog tasks_;
  runner::Runner runner_;
  pipelines::Starter starter_;
  std::vector<std::unique_ptr<base::Timer>> alarms_;
  std::vector<std::string> started_;
  std::set<std::string> known_, resting_;
  std::size_t looks_ = 0;
  std::vector<Performed> performed_;
  std::vector<Called> called_;
};

template <class T>
T World::run(Async<T> what) {
  std::exception_ptr failure;
  bool ended = false;
  std::optional<T> result;
  boost::asio::co_spawn(io_, std::move(what), [&](std::exception_ptr error, T value) {
    failure = error;
    if (!error) result = std::move(value);
    ended = true;
  });
  if (!run_until([&] { return ended; })) throw std::logic_error("a rehearsal waits for what never comes");
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

}  // namespace gennaker::rehearsal
