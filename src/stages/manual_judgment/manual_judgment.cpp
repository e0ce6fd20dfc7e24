#include "stages/manual_judgment/manual_judgment.h"

#include <algorithm>

#include "base/json.h"

namespace gennaker::stages {
namespace {

class ManualJudgment final : public engine::Stage {
 public:
  std::string_view type() const override { return "manualJudgment"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const auto* inputs = stage.context().if_contains("judgmentInputs");
    if (inputs != nullptr && !inputs->is_null() && !inputs->is_array()) {
      return engine::refuse("judgmentInputs", "a list of {\"value\": ...} is needed");
    }
    return engine::run_in_order({"waitForJudgment"});
  }

  void prepare_restart(model::Stage& stage) const override {
    for (const std::string_view given : {"judgmentStatus", "judgmentInput", "lastModifiedBy"}) {
      stage.context.erase(given);
    }
  }
};

class WaitForJudgment final : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    std::string judgment = base::string_or(context.stage().context, "judgmentStatus", "");
    std::transform(judgment.begin(), judgment.end(), judgment.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    if (judgment == "continue") co_return runner::succeeded();
    if (judgment == "stop") {
      const std::string by = base::string_or(context.stage().context, "lastModifiedBy", "somebody");
      co_return runner::failed(context, "judged 'stop' by " + by);
    }
    // A judgment wakes the task; the wait is only what a lost wake-up would cost.
    co_return runner::again({.after = std::chrono::hours(1), .waiting_for = "a judgment"});
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::hours(72);
  }
};

}  // namespace

void add_manual_judgment(runner::Catalogs& catalogs) {
  catalogs.stages.add(std::make_unique<ManualJudgment>());
  catalogs.tasks.add("waitForJudgment", std::make_unique<WaitForJudgment>());
}

}  // namespace gennaker::stages
