#pragma once

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "doors.h"
#include "pipelines/outside_answers.h"
#include "pipelines/pruner.h"
#include "pipelines/stage_parts.h"
#include "triggers/pipeline/pipeline_triggers.h"

namespace gennaker::simulation {

/// What a server process finds when it starts, and what stays when it is gone.
struct Surroundings {
  base::VirtualClock& clock;
  Calendar& calendar;
  Dice& dice;
  const Faults& faults;
  Tally& tally;
  Vault& vault;
  std::vector<std::unique_ptr<clusters::SimulatedCloud>>& clouds;
  CloudWatcher& cloud_watcher;
  Web& web;
  pipelines::RetentionRules keep = {};
};

/// When something comes next that somebody waits for, by the clock as it is set; nullopt: nothing comes.
std::optional<base::TimePoint> next_moment(const Surroundings& around);

/// Who watches what the process does. Nothing that it is shown may be kept beyond the process.
class ProcessWatcher : public engine::Review {
 public:
  /// A task is about to look.
  virtual void looks(const runner::TaskContext& context) = 0;
  /// What the process had is others' now.
  virtual void lost_its_lease() = 0;
};

/// One life of a server: what server/serve.cpp builds, with the real runner, starter, stages and triggers,
/// on one thread that its owner lends it step by step. To destroy it is to kill it: all that it was about to
/// do is forgotten, at whatever point it stood.
class ServerProcess {
 public:
  /// `lease`: its own, if it shares the store with others; else 0.
  ServerProcess(Surroundings surroundings, ProcessWatcher& watcher, store::Lease lease);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  /// Runs what is ready first. false: everybody waits.
  bool step();
  /// It has started and takes commands.
  bool ready() const { return ready_; }
  /// It could not start: whoever runs it will have to start another.
  bool failed() const { return failed_; }
  const std::string& why_failed() const { return why_failed_; }
  /// Unless there is something to step through, it waits for time to pass or for somebody: no call to the
  /// world outside is under way, and nothing is about to be tried again.
  bool at_rest() const;
  /// Time has passed, or something happened outside.
  void look_around();
  /// An execution of another server has ended.
  void hear_of_ending(const std::string& execution_id);
  StoreDoor& store() { return store_; }

  pipelines::Configurations& configurations() { return configurations_; }
  pipelines::Applications& applications() { return applications_; }
  pipelines::Starter& starter() { return starter_; }
  runner::Runner& runner() { return runner_; }

  /// Saves what a company has: applications, and configurations of pipelines.
  Async<void> save(std::vector<json::object> applications, std::vector<json::object> configs);
  /// Removes the executions that need not be kept any more: all steps of the pruner, without the pauses.
  Async<void> prune();

  /// Carries out what somebody asks of it; `answered` is not called if it dies before.
  template <class T>
  void ask(Async<T> what, std::function<void(std::exception_ptr, T)> answered) {
    boost::asio::co_spawn(io_, std::move(what), std::move(answered));
  }
  void ask(Async<void> what, std::function<void(std::exception_ptr)> answered) {
    boost::asio::co_spawn(io_, std::move(what), std::move(answered));
  }

 private:
  class WatchedTask;

  Roads roads();
  Async<void> start();
  Async<void> catch_up();

  Surroundings around_;
  ProcessWatcher& watcher_;
  base::SeededRandom random_;
  boost::asio::io_context io_{1};  // before what its coroutines use: what they hold goes last
  Courier courier_;
  StoreDoor store_;
  WebDoor client_;
  pipelines::Applications applications_;
  pipelines::Configurations configurations_;
  clusters::Clouds clouds_;
  std::vector<CloudDoor*> cloud_doors_;
  clusters::TrafficGuards guards_;
  clusters::ClusterLocks locks_;
  bakery::Bakes bakes_;
  pipelines::OutsideAnswers answers_;
  engine::StageCatalog stages_;
  runner::TaskCatalog tasks_;
  runner::Runner runner_;
  pipelines::Starter starter_;
  triggers::PipelineTriggers pipeline_triggers_;
  pipelines::Pruner pruner_;
  std::vector<std::string> endings_missed_;  ///< while it was cut off
  bool ready_ = false, failed_ = false;
  std::string why_failed_;
};

}  // namespace gennaker::simulation
