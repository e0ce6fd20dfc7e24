#include "stages/restrict_execution_window/restrict_execution_window.h"

#include <fmt/format.h>

#include "base/json.h"
#include "stages/restrict_execution_window/window.h"

namespace gennaker::stages {
namespace {

using runner::TaskContext;
using runner::TaskResult;

/// The longest sleep: whatever happens to the host's clock meanwhile is seen after it.
constexpr std::chrono::milliseconds longest_sleep = std::chrono::minutes(30);

const json::object& restricted_of(const json::object& context) {
  static const json::object none;
  const auto* restricted = base::find_object(context, "restrictedExecutionWindow");
  return restricted == nullptr ? none : *restricted;
}

bool draws_delay(const ExecutionWindow& window, const model::Execution& execution) {
  if (window.most_delay == std::chrono::seconds(0)) return false;
  return !(window.delay_skips_manual && base::string_or(execution.trigger, "type", "") == "manual");
}

class RestrictExecutionWindow final : public engine::Stage {
 public:
  std::string_view type() const override { return engine::execution_window_type; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const auto window = read_window(restricted_of(stage.context()));
    engine::Plan plan = engine::run_in_order({"suspendExecutionDuringTimeWindow"});
    const auto* read = std::get_if<ExecutionWindow>(&window);
    if (read != nullptr && draws_delay(*read, stage.execution()))
      plan.tasks.push_back({"waitForJitter", "waitForJitter"});
    return plan;
  }
};

/// Waits while the window is shut. A person may skip the rest: {"skipRemainingWait": true, "reason": "..."}.
class WindowTask : public runner::Task {
 public:
  explicit WindowTask(std::string time_zone) : time_zone_(std::move(time_zone)) {}

 protected:
  static bool skipped_by_hand(const TaskContext& context) {
    return base::bool_or(context.stage().context, "skipRemainingWait", false);
  }

  /// nullopt: it is open.
  std::optional<TaskResult> wait_for_opening(const TaskContext& context,
                                             const ExecutionWindow& window) const {
    const auto opens = next_opening(window, time_zone_, context.now());
    if (!opens) return runner::failed(context, "restrictedExecutionWindow: opens at no time");
    if (*opens <= context.now()) return std::nullopt;
    return sleep_until(context, *opens, "the execution window to open");
  }

  static TaskResult sleep_until(const TaskContext& context, base::TimePoint then, std::string what) {
    TaskResult result = runner::again(
        {.after = std::min(then - context.now(), longest_sleep), .waiting_for = std::move(what)});
    result.scheduled_time = then;
    return result;
  }

  const std::string& time_zone() const { return time_zone_; }

 private:
  std::string time_zone_;
};

class SuspendExecution final : public WindowTask {
 public:
  using WindowTask::WindowTask;

  base::Async<TaskResult> run(TaskContext context) override {
    if (skipped_by_hand(context)) co_return runner::succeeded();
    const auto window = read_window(restricted_of(context.stage().context));
    if (const auto* problem = std::get_if<std::string>(&window)) co_return refused(context, *problem);
    const std::optional<TaskResult> wait = wait_for_opening(context, std::get<ExecutionWindow>(window));
    if (wait) co_return *wait;
    co_return runner::succeeded();
  }

 private:
  static TaskResult refused(const TaskContext& context, const std::string& problem) {
    TaskResult result = runner::failed(context, problem);
    result.context["failureReason"] =
        "Exception occurred while calculating time window: Incorrect time windows specified";
    return result;
  }
};

/// Lets a random time pass behind the opening, so that a hundred pipelines do not begin in the same second.
/// When the window has shut meanwhile it waits for the next.
class WaitForJitter final : public WindowTask {
 public:
  WaitForJitter(std::string time_zone, base::Random& random)
      : WindowTask(std::move(time_zone)), random_(random) {}

  base::Async<TaskResult> run(TaskContext context) override {
    if (skipped_by_hand(context)) co_return runner::succeeded();
    const auto read = read_window(restricted_of(context.stage().context));
    const auto* window = std::get_if<ExecutionWindow>(&read);
    if (window == nullptr) co_return runner::failed(context, std::get<std::string>(read));
    const auto drawn = base::whole_number(context.stage().context, "jitterSeconds");
    const auto delay =
        drawn ? std::chrono::seconds(std::clamp<std::int64_t>(*drawn, 0, 86'400)) : draw(*window);
    const base::TimePoint over = *context.task().start_time + delay;
    if (over > context.now()) {
      TaskResult waits = sleep_until(context, over, fmt::format("{} s of jitter to pass", delay.count()));
      waits.context["jitterSeconds"] = delay.count();  // drawn once
      co_return waits;
    }
    const std::optional<TaskResult> wait = wait_for_opening(context, *window);
    if (wait) co_return *wait;
    co_return runner::succeeded();
  }

 private:
  std::chrono::seconds draw(const ExecutionWindow& window) {
    const auto choices = static_cast<std::uint64_t>((window.most_delay - window.least_delay).count()) + 1;
    return window.least_delay + std::chrono::seconds(random_.next() % choices);
  }

  base::Random& random_;
};

}  // namespace

void add_restrict_execution_window(runner::Catalogs& catalogs, std::string time_zone, base::Random& random) {
  check_time_zone(time_zone, "executionWindow.timeZone");
  catalogs.stages.add(std::make_unique<RestrictExecutionWindow>());
  catalogs.tasks.add("suspendExecutionDuringTimeWindow", std::make_unique<SuspendExecution>(time_zone));
  catalogs.tasks.add("waitForJitter", std::make_unique<WaitForJitter>(time_zone, random));
}

}  // namespace gennaker::stages
