#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rehearsal/matching.h"
#include "rehearsal/outside.h"
#include "rehearsal/pipeline_test.h"

namespace gennaker::rehearsal {

/// Plays a test's script: answers what it says, lets persons act when it says so, and notes what was asked
/// that nobody answers. One test, one world.
class Script final : public Outside {
 public:
  /// `test` must outlive it.
  explicit Script(const PipelineTest& test);

  /// Before anything starts. `execution_id`: the one that the test starts.
  void attach(World& world, std::string execution_id);

  std::optional<runner::TaskResult> instead_of(const runner::TaskContext& context,
                                               const runner::Task& task) override;
  OperationAnswer on_operation(const model::Operation& operation) override;
  CallAnswer on_call(const net::ClientRequest& request) override;

  /// What cannot be answered or told: the test has failed and need not go on.
  const std::vector<Difference>& problems() const { return problems_; }
  /// A restart that is still to come brings an execution that has ended to life again.
  bool waits_to_restart() const { return restarts_to_come_ > 0; }
  /// Entries that were never used though they must be.
  std::vector<Difference> unused() const;

  /// When a stage was looked at first and last, counted in looks; those that never ran a task are missing.
  struct Looks {
    std::size_t first, last;
  };
  const std::map<std::string, Looks>& looks() const { return looks_of_; }

 private:
  struct Use {
    int times = 0;
    std::size_t answered = 0;            ///< responses that were given
    std::set<std::string> stage_starts;  ///< for which it was set off
  };
  /// Whose task looked last, or whom a key names: who asks.
  struct Asking {
    const model::Execution* execution = nullptr;  ///< nullptr: nobody knows
    const model::Stage* stage = nullptr;
  };

  const model::Execution* known(const std::string& execution_id) const;
  bool over_limits(const runner::TaskContext& context);
  void note_look(const runner::TaskContext& context);
  void set_off(const runner::TaskContext& context);
  void schedule(const ScriptEntry& entry, Use& use, milliseconds in, std::string execution_id,
                std::string stage_id);
  void act(const ScriptEntry& entry, Use& use, const std::string& execution_id, const std::string& stage_id);
  void restart(const ScriptEntry& entry, const std::string& execution_id, const Restart& restart);
  std::optional<runner::TaskResult> replaced(const runner::TaskContext& context);
  /// The first free entry with such a deed of which `meant` says yes.
  template <class Act, class Meant>
  std::optional<std::size_t> first(const Meant& meant) const;
  void set_health(const model::Operation& operation, std::optional<std::size_t> entry);
  void ask_for_judgment(const runner::TaskContext& context);
  static bool free(const ScriptEntry& entry, const Use& use);
  static bool is_for(const ScriptEntry& entry, const runner::TaskContext& context);
  static bool is_for(const ScriptEntry& entry, const Asking& asking);
  static bool is_for(const ScriptEntry& entry, const model::Operation& operation);
  Asking asking(std::string_view key) const;
  CallAnswer unanswered(const net::ClientRequest& request, const Asking& asking);
  void problem(Place place, std::string what);
  std::function<void(std::string)> on_refusal(const ScriptEntry& entry);

  const PipelineTest& test_;
  World* world_ = nullptr;
  std::string execution_id_;
  std::vector<Use> uses_;  ///< one an entry
  std::map<std::string, Looks> looks_of_;
  std::map<std::string, std::set<std::string>> tasks_seen_;  ///< of each stage's name: for messages
  /// By execution: a look of one of its tasks, for the sake of the live execution that it holds.
  std::map<std::string, runner::TaskContext, std::less<>> views_;
  std::set<std::string> asked_for_judgment_;
  std::size_t looks_ = 0;
  int restarts_to_come_ = 0;
  Asker last_looker_;
  std::vector<Difference> problems_;
};

}  // namespace gennaker::rehearsal
