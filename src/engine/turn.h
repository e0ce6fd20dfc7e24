#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/questions.h"
#include "expressions/expressions.h"
#include "model/stage_index.h"

namespace gennaker::engine {

/// One call of advance: the event and all that follows from it at once. Steps wait in a queue, so that a
/// chain of a thousand empty stages needs no stack.
class Turn {
 public:
  Turn(const StageCatalog& catalog, model::Execution& execution, TimePoint now)
      : catalog_(catalog), execution_(execution), now_(now) {}

  void on(const Start&);
  void on(const TaskReport& report);
  void on(const TaskTimedOut& timed_out);
  void on(const Cancel& cancel);
  void on(const Pause& pause);
  void on(const Resume& resume);
  void on(const PatchStage& patch);
  void on(const RestartStage& restart);
  void on(const QueueRestart& queued);
  void on(const Answered& answered);

  /// Carries out the queued steps and gives the result.
  Outcome finish();

  /// What an earlier turn of the same execution found, and what the next can use.
  void use(std::optional<model::StageIndex> index) { index_ = std::move(index); }
  std::optional<model::StageIndex> take_index() { return std::exchange(index_, std::nullopt); }

 private:
  enum class What {
    start_stage,
    complete_stage,
    continue_after_before,
    continue_after_after,
    complete_execution
  };
  struct Step {
    What what;
    std::string stage_id;
  };

  // turn.cpp: the life of stages and executions
  void carry_out(const Step& step);
  void start_stage(model::Stage& stage);
  void plan_and_run(model::Stage& stage);
  void fail_planning(model::Stage& stage, std::string_view message);
  void set_exception(model::Stage& stage, std::string_view operation, std::string_view message);
  void skip_stage(model::Stage& stage);
  void complete_stage(model::Stage& stage);
  void note_failures(model::Stage& stage, model::Status status);
  void end_stage(model::Stage& stage, model::Status status);
  void start_what_follows(model::Stage& stage);
  void continue_parent(model::Stage& parent, model::Owner phase);
  void complete_execution();
  void end_execution(model::Status status);
  /// nullopt: it waits for answers.
  std::optional<bool> is_enabled(model::Stage& stage);

  // synthetics.cpp: stages that stages bring along
  bool add_after_stages(model::Stage& stage);
  bool add_failure_stages(model::Stage& stage);
  static void put_window_first(const model::Stage& stage, std::vector<SyntheticStage>& before);
  void add_synthetics(model::Stage& parent, model::Owner owner, std::vector<SyntheticStage> specs);
  void start_root_synthetics(const std::string& parent_id, model::Owner owner);
  void remove_synthetics(const std::string& parent_id, bool only_not_started);

  // tasks.cpp
  void start_next_task(model::Stage& stage);
  void end_task(model::Stage& stage, model::Task& task, model::Status status, model::Status original);
  void repeat_loop(model::Stage& stage);
  void merge_report(model::Stage& stage, model::Task& task, const json::object& context,
                    const json::object& outputs);
  /// false: nothing is evaluated yet, the stage waits for answers.
  bool evaluate_context(model::Stage& stage, Before before);
  expressions::Options options_for(const model::Stage& stage) const;
  void cancel_running_tasks();

  // questions.cpp: what expressions ask of the world outside
  bool waits_for_answers(model::Stage& stage, Before before, std::vector<expressions::Question> open);
  void forget_questions(model::Stage& stage);

  // commands.cpp
  model::Stage* restartable(const std::string& stage_id);
  std::optional<RestartStage> take_waiting_restart();
  bool drop_waiting_restart();
  void reset_for_restart(model::Stage& stage);
  void skip_by_hand(model::Stage& stage);
  bool refuse_for_task(std::string_view done);
  void refuse_command(Refused::Kind kind, std::string message);

  bool winding_down() const { return execution_.canceled || model::is_complete(execution_.status); }
  void push(What what, std::string stage_id = {}) { steps_.push_back({what, std::move(stage_id)}); }
  void changed(const model::Stage& stage);
  /// By type or alias; nullptr if unknown.
  const Stage* type_of(const model::Stage& stage) const;
  /// Good until stages are added or removed.
  const model::StageIndex& index();
  model::Stage* find(std::string_view stage_id) { return const_cast<model::Stage*>(index().by_id(stage_id)); }
  model::Stage& top_level_of(const model::Stage& stage) {
    return *find(model::top_level_of(execution_, stage).id);
  }
  bool has_child(const std::string& parent_id, model::Owner owner);

  const StageCatalog& catalog_;
  model::Execution& execution_;
  TimePoint now_;
  Outcome outcome_;
  const Answered* answered_ = nullptr;     ///< the event of this turn
  int round_ = 0;                          ///< how often the answered stage has asked
  std::unordered_set<std::string> noted_;  ///< the stages in outcome_.changed_stages
  std::optional<model::StageIndex> index_;
  std::deque<Step> steps_;
};

}  // namespace gennaker::engine
