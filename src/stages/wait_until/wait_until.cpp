#include "stages/wait_until/wait_until.h"

#include <fmt/format.h>

#include "base/json.h"

namespace gennaker::stages {
namespace {

class WaitUntil final : public engine::Stage {
 public:
  std::string_view type() const override { return "waitUntil"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const auto* given = stage.value("epochMillis");
    if (given != nullptr && !given->is_null() && !base::whole_number(*given)) {
      return engine::refuse("epochMillis",
                            fmt::format("milliseconds since 1970 are needed, not {}", base::to_text(*given)));
    }
    return engine::run_in_order({"waitUntil"});
  }

  void prepare_restart(model::Stage& stage) const override {
    for (const std::string_view stale : {"startTime", "skipRemainingWait"}) stage.context.erase(stale);
  }
};

class WaitUntilTask final : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const auto* given = context.value("epochMillis");
    const auto until = given == nullptr ? std::nullopt : base::whole_number(*given);
    if (!until || base::bool_or(context.stage().context, "skipRemainingWait", false))
      co_return runner::succeeded();
    boost::json::object started{{"startTime", base::to_millis(*context.stage().start_time)}};
    // Not as a point in time: a number from outside may be too large for one.
    const auto left = *until - base::to_millis(context.now());
    if (left <= 0) co_return runner::succeeded(std::move(started));
    constexpr std::int64_t day = 86'400'000;
    co_return runner::again({.after = std::chrono::milliseconds(std::min(left, day)),
                             .waiting_for = fmt::format("the time {} (ms since 1970)", *until)},
                            std::move(started));
  }
};

}  // namespace

void add_wait_until(runner::Catalogs& catalogs) {
  catalogs.stages.add(std::make_unique<WaitUntil>());
  catalogs.tasks.add("waitUntil", std::make_unique<WaitUntilTask>());
}

}  // namespace gennaker::stages
