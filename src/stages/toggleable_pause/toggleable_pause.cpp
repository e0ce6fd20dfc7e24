#include "stages/toggleable_pause/toggleable_pause.h"

#include <fmt/format.h>

namespace gennaker::stages {
namespace {

constexpr std::string_view key_field = "pauseToggleKey";

class ToggleablePause final : public engine::Stage {
 public:
  std::string_view type() const override { return "toggleablePause"; }
  bool runs_dry(const engine::StageView&) const override { return true; }

  engine::Plan plan(const engine::StageView& stage) const override {
    if (stage.text(key_field).empty()) {
      return engine::refuse(std::string(key_field),
                            "the name of one of pauseToggles of the server's configuration is needed");
    }
    return engine::run_in_order({"toggleablePause"});
  }
};

class ToggleablePauseTask final : public runner::Task {
 public:
  explicit ToggleablePauseTask(std::set<std::string, std::less<>> on) : on_(std::move(on)) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const std::string key = context.required_text(key_field);
    if (!on_.contains(key)) co_return runner::succeeded();
    co_return runner::again({.after = std::chrono::minutes(1),
                             .waiting_for = fmt::format("the server's switch '{}' to be off", key)});
  }

  /// Whoever switched it on will switch it off: a plan shows what comes then.
  std::optional<runner::TaskResult> assumed(const runner::TaskContext&) const override {
    return runner::succeeded();
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::hours(24);
  }

 private:
  const std::set<std::string, std::less<>> on_;
};

}  // namespace

void add_toggleable_pause(runner::Catalogs& catalogs, std::set<std::string, std::less<>> on) {
  catalogs.stages.add(std::make_unique<ToggleablePause>());
  catalogs.tasks.add("toggleablePause", std::make_unique<ToggleablePauseTask>(std::move(on)));
}

}  // namespace gennaker::stages
