#include "stages/manual_judgment/manual_judgment.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"

namespace gennaker::stages {

namespace json = boost::json;
namespace {

class ManualJudgment final : public engine::Stage {
 public:
  std::string_view type() const override { return "manualJudgment"; }
  bool runs_dry(const engine::StageView&) const override { return true; }

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
    // Who is to judge anew is to be told anew.
    if (auto* notifications = stage.context.if_contains("notifications");
        notifications && notifications->is_array()) {
      for (json::value& one : notifications->as_array()) {
        if (one.is_object()) one.as_object().erase("lastNotifiedByNotificationState");
      }
    }
  }
};

std::vector<std::string> roles_asked_for(const json::object& context) {
  std::vector<std::string> roles = base::string_list(context, "requiredJudgmentRoles");
  return roles.empty() ? base::string_list(context, "selectedStageRoles") : roles;
}

class WaitForJudgment final : public runner::Task {
 public:
  explicit WaitForJudgment(RolesOf roles_of) : roles_of_(std::move(roles_of)) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    std::string judgment = base::string_or(context.stage().context, "judgmentStatus", "");
    std::transform(judgment.begin(), judgment.end(), judgment.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    const bool judged = judgment == "continue" || judgment == "stop";
    if (judged && !may_judge(context)) {
      const std::string outsider = base::string_or(context.stage().last_modified, "user", "somebody");
      co_return runner::again(
          {.after = std::chrono::hours(1),
           .waiting_for = fmt::format("a judgment; {} has none of the roles: {}", outsider,
                                      fmt::join(roles_asked_for(context.stage().context), ", "))},
          {{"judgmentStatus", ""}});
    }
    if (judgment == "continue") co_return runner::succeeded();
    if (judgment == "stop") {
      const std::string by = base::string_or(context.stage().context, "lastModifiedBy", "somebody");
      co_return runner::failed(context, "judged 'stop' by " + by);
    }
    if (!judgment.empty()) {
      co_return runner::again(
          {.after = std::chrono::hours(1),
           .waiting_for = fmt::format("a judgment: 'continue' or 'stop', not '{}'", judgment.substr(0, 40))});
    }
    // A judgment wakes the task; the wait is only what a lost wake-up would cost.
    co_return runner::again({.after = std::chrono::hours(1), .waiting_for = "a judgment"});
  }

  std::optional<runner::TaskResult> assumed(const runner::TaskContext& context) const override {
    return runner::succeeded(
        {{"judgmentStatus", "continue"}, {"judgmentInput", runner::unknown("input", context)}});
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::hours(72);
  }

 private:
  bool may_judge(const runner::TaskContext& context) const {
    const std::vector<std::string> wanted = roles_asked_for(context.stage().context);
    if (wanted.empty() || !roles_of_) return true;
    const auto roles = roles_of_(base::string_or(context.stage().last_modified, "user", ""));
    if (!roles) return true;
    return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& role) {
      return std::find(roles->begin(), roles->end(), role) != roles->end();
    });
  }

  RolesOf roles_of_;
};

}  // namespace

void add_manual_judgment(runner::Catalogs& catalogs, RolesOf roles_of) {
  catalogs.stages.add(std::make_unique<ManualJudgment>());
  catalogs.tasks.add("waitForJudgment", std::make_unique<WaitForJudgment>(std::move(roles_of)));
}

}  // namespace gennaker::stages
