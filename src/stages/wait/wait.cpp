#include "stages/wait/wait.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"

namespace gennaker::stages {
namespace {

class Wait final : public engine::Stage {
 public:
  std::string_view type() const override { return "wait"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const auto* given = stage.value("waitTime");
    if (given != nullptr && !given->is_null() && !base::whole_number(*given)) {
      return engine::refuse("waitTime",
                            fmt::format("a number of seconds is needed, not {}", base::to_text(*given)));
    }
    return engine::run_in_order({"wait"});
  }

  void prepare_restart(model::Stage& stage) const override { stage.context.erase("skipRemainingWait"); }
};

/// The largest there is, if there are more.
std::int64_t to_millis(std::int64_t seconds) {
  constexpr std::int64_t most = INT64_MAX / 1000;
  return std::clamp(seconds, -most, most) * 1000;
}

class WaitTask final : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    if (base::bool_or(context.stage().context, "skipRemainingWait", false)) co_return runner::succeeded();
    // Counted from the stage's start, so that a restart of the server does not begin the wait anew.
    const auto* given = context.value("waitTime");
    const auto seconds = given == nullptr ? 0 : base::whole_number(*given).value_or(0);
    const auto left = *context.stage().start_time + base::bounded_millis(to_millis(seconds)) - context.now();
    if (left <= std::chrono::milliseconds(0)) co_return runner::succeeded();
    co_return runner::again({.after = left, .waiting_for = fmt::format("{} s to pass", seconds)});
  }
};

}  // namespace

void add_wait(runner::Catalogs& catalogs) {
  catalogs.stages.add(std::make_unique<Wait>());
  catalogs.tasks.add("wait", std::make_unique<WaitTask>());
}

}  // namespace gennaker::stages
