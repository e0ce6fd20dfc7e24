#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
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
  /// Set by whoever must know the id before anything runs, and so can ask twice without starting twice: also
  /// when the first has ended.
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
  base::asio::any_io_executor executor;  ///< one thread: turns are taken on it
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
  /// An id for a start to come: those of later starts are greater, so that who waits first starts first.
  std::string new_id() { return ids_.next(parts_.clock.now()); }
  /// {application, description, job: [...]}; returns its id. Throws base::Error `forbidden` too, when the
  /// rules of ad-hoc tasks do not let `user` start it; then a TERMINAL execution tells of the attempt.
  Async<std::string> start_orchestration(json::object request, std::string user, std::string origin);

  /// Restarts a stage of an execution that has ended, or is running. A limited pipeline's waits like a new
  /// start; a parent that waited for the execution runs again and follows it. Throws base::Error as
  /// Runner::tell does, and `conflict` when too many wait.
  Async<void> restart_stage(std::string execution_id, engine::RestartStage restart);

  /// To be told of every execution that has ended: starts what waited for it. Callable from any thread, as
  /// the next two.
  void on_end(const model::Execution& execution);
  /// To be told that one of a limited pipeline's executions waits, has been started, or could not be.
  void on_slot(const std::string& pipeline_config_id);
  /// Starts what need not wait any more: to be called when this server has started, and when it has taken
  /// over what others were about to do.
  Async<void> recover();

 private:
  /// How a limited pipeline stands. Decisions about it are made one at a time, by whichever server: each
  /// claims the name that the one before it had.
  struct Standing {
    std::string decided_by;  ///< who holds the claim
    std::set<std::string> running;
    std::vector<model::Execution> waiting;  ///< outlines; who waits longest first
  };
  /// What already runs with a correlation id, or what who starts something with it has to claim.
  struct Correlation {
    std::optional<std::string> running;
    std::vector<store::Claim> claims;  ///< without their execution
  };
  template <class T>
  Async<T> in_turn(std::string turn, Async<T> work);
  Async<void> wait_for_turn(std::string turn);
  template <class Begin>
  Async<std::string> begun(std::optional<std::string> own_id, Begin begin);
  Async<std::string> begin_pipeline(StartRequest request);
  Async<std::string> begin_orchestration(json::object request, std::string user, std::string origin);
  Async<std::string> start_limited(model::Execution execution, std::vector<store::Claim> claims);
  Async<void> resume_parent(json::object trigger, std::string user);
  Async<json::object> evaluated(json::object document, json::object names);
  Async<std::string> record_failed_start(model::Execution execution, std::exception_ptr failure,
                                         std::vector<store::Claim> claims);
  Async<Standing> standing_of(std::string config_id);
  std::string new_word();
  void release_soon(std::string config_id);
  Async<void> release(std::string config_id);
  Async<void> release_now(std::string config_id);
  Async<void> release_all();
  Async<bool> try_to_release(std::string config_id);
  Async<Correlation> look_up(model::ExecutionType type, std::string correlation_id);
  Async<json::object> with_parent(json::object trigger);

  StarterParts parts_;
  base::UlidSequence ids_{parts_.random};
  /// Whose turn it is to start something with a correlation id or of a limited pipeline; cancelled when that
  /// is over.
  std::map<std::string, std::shared_ptr<base::asio::steady_timer>> starting_;
};

}  // namespace gennaker::pipelines
