#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/virtual_clock.h"
#include "clusters/clouds.h"
#include "clusters/cluster_locks.h"
#include "clusters/simulated_cloud.h"
#include "clusters/traffic_guards.h"
#include "engine/engine.h"
#include "runner/catalogs.h"
#include "store/memory/memory_store.h"
#include "testing/scripted_answers.h"

namespace gennaker::testing {

namespace json = boost::json;
using base::Async;

/// The real engine, real tasks and a simulated cloud in one thread, without a store: time passes only when
/// everybody waits. For tests of stages; the whole runner is in tests/simulation.
class StageWorld {
 public:
  explicit StageWorld(std::uint64_t seed = 1);  ///< of the faults of its cloud
  ~StageWorld();

  runner::Catalogs catalogs() { return {stages_, tasks_}; }
  clusters::Clouds& clouds() { return clouds_; }
  clusters::SimulatedCloud& cloud() { return *cloud_; }
  base::VirtualClock& clock() { return clock_; }
  /// What expressions ask of the world outside.
  ScriptedAnswers& answers() { return answers_; }
  const model::Execution& execution() const { return *execution_; }
  const clusters::TrafficGuards& guards() const { return guards_; }
  const clusters::ClusterLocks& locks() const { return locks_; }
  /// Who else has locks is written here.
  store::MemoryStore& store() { return store_; }
  /// From now on every cluster is guarded.
  void guard_everything() { guarded_ = true; }

  /// Starts the execution and runs it until it rests. Returns its status.
  model::Status run(model::Execution execution);
  /// As run, but stops as soon as `until` holds, asked after every event.
  void run_until(model::Execution execution, const std::function<bool(const model::Execution&)>& until);
  /// Something happens to the execution that run_until left.
  void tell(const engine::Event& event) { send(event); }
  /// Goes on with what run_until left until everything rests. Returns its status.
  model::Status resume();
  void resume_until(const std::function<bool(const model::Execution&)>& until) { loop(until); }
  /// Asks to cancel and runs until everything rests.
  model::Status cancel();

  /// The first stage of this type; fails the test if there is none.
  const model::Stage& stage(std::string_view type) const;
  std::vector<std::string> stage_types() const;
  /// details.errors[0] of a stage's exception; empty if it has none.
  static std::string error_of(const model::Stage& stage);
  /// The same, of the first stage that has one.
  std::string error() const;
  /// "shop-v001 (disabled)" for each server group, by name.
  std::vector<std::string> server_groups();

 private:
  struct Waiting {
    std::string stage_id, task_id;
    base::TimePoint due;
  };

  void send(const engine::Event& event);
  void carry_out(const engine::Effect& effect);
  void ask(const engine::RunTask& run);
  void find_answers(const engine::Ask& ask);
  void clean_up(const engine::CancelTask& cancel);
  void clean_up(runner::Task& task, const runner::TaskContext& context, engine::TaskReport& report);
  std::optional<runner::TaskContext> context_of(const std::string& stage_id, const std::string& task_id);
  runner::TaskResult perform(runner::Task& task, const runner::TaskContext& context,
                             model::Operation operation);
  runner::TaskResult attempt(runner::Task& task, const runner::TaskContext& context);
  void loop(const std::function<bool(const model::Execution&)>& until);

  boost::asio::io_context io_;
  base::VirtualClock clock_;
  clusters::Clouds clouds_{io_.get_executor()};
  clusters::SimulatedCloud* cloud_ = nullptr;
  bool guarded_ = false;
  ScriptedAnswers answers_;
  clusters::TrafficGuards guards_;
  base::SeededRandom random_{1};
  store::MemoryStore store_;
  clusters::ClusterLocks locks_;
  engine::StageCatalog stages_;
  runner::TaskCatalog tasks_;
  std::shared_ptr<model::Execution> execution_ = std::make_shared<model::Execution>();
  std::deque<engine::Effect> effects_;
  std::vector<Waiting> waiting_;
};

}  // namespace gennaker::testing
