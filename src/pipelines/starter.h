#pragma once

#include <boost/asio/strand.hpp>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "engine/stage.h"
#include "pipelines/configurations.h"
#include "pipelines/parameters.h"
#include "runner/runner.h"

namespace gennaker::pipelines {

struct StartRequest {
  json::object config;   ///< as saved
  json::object trigger;  ///< parameters, artifacts, user, type, ...
  StartedBy by = StartedBy::somebody;
  std::string user = "anonymous";
  std::string origin = "api";
  /// Set by whoever must know the id before anything runs, and so can ask twice without starting twice.
  std::optional<std::string> execution_id;
};

/// What keeps a parent from starting the same child twice; another after a restart of the parent, which
/// begins anew. `stage_id`: "null" when it is the parent's ending that starts the child.
std::string correlation_of_child(const model::Execution& parent, std::string_view stage_id,
                                 std::string_view child_config_id);

/// Which ad-hoc tasks may be started: all, unless only those that are listed.
struct AdHocRules {
  bool only_listed = false;
  /// By a stage's type; with the users who may, or nobody: then everybody may.
  std::map<std::string, std::vector<std::string>, std::less<>> listed;
};

struct StarterParts {
  store::Store& store;
  runner::Runner& runner;
  const engine::StageCatalog& stages;
  const base::Clock& clock;
  base::Random& random;
  /// Decides about limits one at a time, so that two starts cannot both see room for one.
  base::asio::any_io_executor executor;
  /// Of expressions in configurations; nullptr: what they ask of the outside has no answer.
  runner::Answerer* answerer = nullptr;
  AdHocRules ad_hoc = {};
};

/// The one way in which an execution begins, whoever asks for it.
/// Throws base::Error `invalid` (names the field) when the pipeline or the parameters are refused: nothing is
/// stored, unless a function says otherwise. Threads: any executor.
class Starter {
 public:
  explicit Starter(StarterParts parts);

  /// Expressions in the configuration, its stages left out, are evaluated with the names `trigger` and
  /// `templateVariables`; what fails stays as it is written. A trigger that comes from another execution is
  /// evaluated before. Returns the execution's id: a new one, or that of a running execution with the same
  /// trigger.correlationId. With limitConcurrent or maxConcurrentExecutions it may wait, NOT_STARTED, for
  /// others to end. An expected artifact that cannot be bound leaves a TERMINAL execution behind; `somebody`
  /// is told by an `invalid` too.
  Async<std::string> start_pipeline(StartRequest request);
  /// {application, description, job: [...]}; returns its id. Throws base::Error `forbidden` too, when the
  /// rules of ad-hoc tasks do not let `user` start it; then a TERMINAL execution tells of the attempt.
  Async<std::string> start_orchestration(json::object request, std::string user, std::string origin);

  /// Restarts a stage of an execution that has ended, or is running. A limited pipeline's waits like a new
  /// start; a parent that waited for the execution runs again and follows it. Throws base::Error as
  /// Runner::tell does, and `conflict` when too many wait.
  Async<void> restart_stage(std::string execution_id, engine::RestartStage restart);

  /// To be told of every execution that has ended: starts what waited for it. Callable from any thread.
  void on_end(const model::Execution& execution);
  /// After a start of the server, before the first request and before Runner::start: learns what runs and
  /// waits, which must not change meanwhile; starts what need not wait.
  Async<void> recover();

 private:
  /// How many of a configuration run and who waits, for those with a limit. Only the strand touches it.
  struct Limited {
    std::set<std::string> running;
    std::deque<std::string> waiting;  ///< oldest first
    std::size_t most = 1;
  };
  Async<std::string> in_turn(std::string turn, Async<std::string> start);
  Async<void> wait_for_turn(std::string turn);
  Async<std::string> begin_pipeline(StartRequest request);
  Async<std::string> begin_orchestration(json::object request, std::string user, std::string origin);
  Async<std::string> start_limited(model::Execution execution);
  Async<std::string> restart_limited(model::Execution execution, engine::RestartStage restart);
  Async<void> resume_parent(json::object trigger, std::string user);
  Async<json::object> evaluated(json::object document, json::object names);
  Async<std::string> record_failed_start(model::Execution execution, std::exception_ptr failure);
  Async<void> ended(std::string config_id, std::string execution_id, bool keep_waiting);
  Async<void> release(std::string config_id, bool keep_waiting);
  Async<std::optional<std::string>> running_with(model::ExecutionType type, std::string correlation_id);
  Async<json::object> with_parent(json::object trigger);

  StarterParts parts_;
  base::asio::strand<base::asio::any_io_executor> strand_;
  std::map<std::string, Limited> limited_;
  /// Whose turn it is to start something with a correlation id, or to restart; cancelled when that is over.
  std::map<std::string, std::shared_ptr<base::asio::steady_timer>> starting_;
};

}  // namespace gennaker::pipelines
