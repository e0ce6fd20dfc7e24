#include "stages/wait_for_condition/wait_for_condition.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "stages/evaluate_in_order.h"

namespace gennaker::stages {

namespace json = boost::json;

namespace {

class WaitForCondition final : public engine::Stage {
 public:
  std::string_view type() const override { return "waitForCondition"; }

  engine::Plan plan(const engine::StageView& stage) const override {
    const auto* given = stage.context().if_contains("conditions");
    if (given != nullptr && !given->is_null()) {
      if (!given->is_array())
        return engine::refuse("conditions", "a list of {\"name\": ..., \"expression\": ...} is needed");
      const json::array& conditions = given->get_array();
      for (std::size_t i = 0; i < conditions.size(); ++i) {
        const auto* condition = conditions[i].if_object();
        if (condition != nullptr && !base::string_or(*condition, "expression", "").empty()) continue;
        return engine::refuse(fmt::format("conditions[{}].expression", i),
                              "an expression, without ${}, is needed");
      }
    }
    return engine::run_in_order({"waitForCondition"});
  }

  void prepare_restart(model::Stage& stage) const override { stage.context.erase("status"); }
};

class WaitForConditionTask final : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const json::object& fields = context.stage().context;
    if (base::lower_case(base::string_or(fields, "status", "")) == "skipped") {
      runner::TaskResult skipped;
      skipped.status = model::Status::skipped;
      co_return skipped;
    }
    const auto* given = base::find_array(fields, "conditions");
    const json::array conditions = given ? *given : json::array{};
    std::string unmet;
    for (const json::value& condition : conditions) {
      const std::string expression = base::string_or(condition.as_object(), "expression", "");
      auto evaluating = evaluate_for(context, "${" + expression + "}");
      const expressions::TextEvaluation answer = co_await std::move(evaluating);
      if (base::lower_case(base::plain_text(answer.value)) == "true") continue;
      const std::string name = base::string_or(condition.as_object(), "name", expression);
      unmet += (unmet.empty() ? "" : ", ") + name;
    }
    if (unmet.empty()) co_return runner::succeeded();
    co_return runner::again({.after = std::chrono::seconds(3), .waiting_for = "conditions: " + unmet},
                            {{"status", "WAITING"}});
  }

  /// Who makes them hold, and when, nobody knows before.
  std::optional<runner::TaskResult> assumed(const runner::TaskContext&) const override {
    return runner::succeeded();
  }

  std::optional<std::chrono::milliseconds> time_limit(const runner::TaskContext&) const override {
    return std::chrono::hours(1);
  }
};

}  // namespace

void add_wait_for_condition(runner::Catalogs& catalogs) {
  catalogs.stages.add(std::make_unique<WaitForCondition>());
  catalogs.tasks.add("waitForCondition", std::make_unique<WaitForConditionTask>());
}

}  // namespace gennaker::stages
