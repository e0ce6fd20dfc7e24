#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ancestors.h"
#include "model/execution.h"

/// What a stage type has to say about itself. A stage plans; it never acts and never looks at a cloud.
namespace gennaker::engine {

namespace json = boost::json;

/// A stage as its type sees it: its own fields, and what lies before it. Valid during the call that received
/// it.
class StageView {
 public:
  StageView(const model::Execution& execution, const model::Stage& stage, base::TimePoint now)
      : execution_(execution), stage_(stage), now_(now) {}

  const model::Execution& execution() const { return execution_; }
  const model::Stage& stage() const { return stage_; }
  const json::object& context() const { return stage_.context; }
  base::TimePoint now() const { return now_; }

  /// The stage's own field if present (even null), else the nearest ancestor's output of that name, else
  /// nullptr.
  const json::value* value(std::string_view key) const;
  std::string text(std::string_view key, std::string_view fallback = "") const;

 private:
  const model::Execution& execution_;
  const model::Stage& stage_;
  base::TimePoint now_;
};

using model::ancestors;

/// In whose name a stage runs: the judge of the nearest manual judgment before it that hands its
/// authentication on and said to continue, else whoever the execution runs for.
std::string user_of(const model::Execution& execution, const model::Stage& stage);

/// The stage that the engine puts before any stage with `restrictExecutionDuringTimeWindow`.
inline constexpr std::string_view execution_window_type = "restrictExecutionDuringTimeWindow";

/// What runs in the place of a stage's tasks in a dry run.
inline constexpr std::string_view dry_run_task = "dryRun";

/// A stage that another stage brings along.
struct SyntheticStage {
  std::string type;
  std::string name;
  json::object context;
  /// Positions in the same list of those that must end first. Empty: starts at once, beside the others.
  std::vector<std::size_t> requires_positions = {};
};

/// Chains them: each waits for the one before.
std::vector<SyntheticStage> in_sequence(std::vector<SyntheticStage> stages);

struct PlannedTask {
  std::string name;            ///< camelCase, as users see it
  std::string implementation;  ///< the name in runner::TaskCatalog
  /// A task between loop_start and loop_end that ends REDIRECT starts them over. One loop a stage.
  bool loop_start = false, loop_end = false;
};

struct Refusal {
  std::string field;
  std::string reason;
};

/// What a stage will do. Refused: the stage fails with "<field>: <reason>", nothing runs.
struct Plan {
  std::optional<Refusal> refused;
  std::vector<PlannedTask> tasks;
  std::vector<SyntheticStage> before;
};

Plan refuse(std::string field, std::string reason);
/// Tasks whose name and implementation are the same word.
Plan run_in_order(std::initializer_list<std::string_view> task_names);

/// One per type, stateless. Threads: any; every function is pure.
class Stage {
 public:
  virtual ~Stage() = default;
  /// As in pipeline JSON: "manualJudgment".
  virtual std::string_view type() const = 0;
  /// Other words for the same type, older ones mostly.
  virtual std::vector<std::string_view> aliases() const { return {}; }
  /// Asked once as the stage starts, before its expressions are evaluated: keeps what will be wanted as it
  /// was written.
  virtual void begin(model::Stage&) const {}
  /// Asked when the stage starts, after its expressions were evaluated.
  virtual Plan plan(const StageView& stage) const = 0;
  /// Asked when all tasks are done and the stage would end without halting: it can see their outputs.
  virtual std::vector<SyntheticStage> after(const StageView&) const { return {}; }
  /// Asked when the stage would end TERMINAL or STOPPED; they run one after another.
  virtual std::vector<SyntheticStage> on_failure(const StageView&) const { return {}; }
  /// Takes out of the context what must not survive a restart.
  virtual void prepare_restart(model::Stage&) const {}
  /// Fields whose expressions its tasks evaluate themselves, in their own order; the engine leaves them as
  /// written.
  virtual std::vector<std::string_view> own_expressions() const { return {}; }
  /// Asked when it is about to end and what is behind it may start: takes out what that must not see.
  virtual void finish(model::Stage&) const {}
  /// Whether its tasks run in a dry run too: they look, ask or compute, and change nothing.
  virtual bool runs_dry(const StageView&) const { return false; }
  /// Whether a run as a custom strategy tells it which cluster it is about: see
  /// pipelines/strategy_parameters.h.
  virtual bool takes_strategy_parameters() const { return false; }
  /// Whether a person may skip it while it runs.
  virtual bool can_be_skipped(const StageView&) const { return false; }
  /// The configuration's fields as JSON Schema, from the folder's schema.json.
  virtual std::string_view schema() const { return "{}"; }
};

/// Looks over what stages decide as they start, and may change it: for rehearsals. Pure, as planning is.
class Review {
 public:
  virtual ~Review() = default;
  /// Of a stage with a condition (`stageEnabled`), which came out as `holds`: whether it runs. Asked before
  /// its other expressions are evaluated.
  virtual bool enabled(const StageView&, const std::string& /*condition*/, bool holds) { return holds; }
  /// A stage has made its plan, or refused to.
  virtual void planned(const StageView&, Plan&) {}
};

/// The stage types that this server knows. Filled once at start, then read from any thread.
class StageCatalog {
 public:
  void add(std::unique_ptr<Stage> stage);
  /// By type or alias; nullptr if unknown.
  const Stage* find(std::string_view type) const;
  /// What a stage is: by its type, its field `alias`, or its type without its `providerType`; nullptr if
  /// unknown.
  const Stage* type_of(const model::Stage& stage) const;
  /// Sorted by type.
  std::vector<const Stage*> all() const;
  /// What `type` plans, as the review leaves it. A type that stumbles over a field's shape has refused.
  Plan plan(const Stage& type, const StageView& stage) const;
  /// Whether a stage runs whose condition came out as `holds`.
  bool enabled(const StageView& stage, const std::string& condition, bool holds) const {
    return review_ ? review_->enabled(stage, condition, holds) : holds;
  }
  /// `review` must outlive this; nullptr, the default: nobody looks.
  void set_review(Review* review) { review_ = review; }

 private:
  std::vector<std::unique_ptr<Stage>> stages_;
  Review* review_ = nullptr;
};

}  // namespace gennaker::engine
