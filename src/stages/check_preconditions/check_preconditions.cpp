#include "stages/check_preconditions/check_preconditions.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "expressions/expressions.h"
#include "stages/evaluate_in_order.h"

namespace gennaker::stages {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 3> kinds = {"expression", "stageStatus", "clusterSize"};

/// A form sends the fields that nobody filled in, too.
bool says_nothing(const json::object& fields, std::string_view name) {
  const auto* value = fields.if_contains(name);
  if (value == nullptr || value->is_null()) return true;
  if (const auto* text = value->if_string()) return text->empty();
  const auto* list = value->if_array();
  return list != nullptr && list->empty();
}

/// A condition with braces is evaluated with the stage's other fields, before it is checked. Its text is
/// kept, for whoever has to explain why it did not hold: a list in the stage, one in each check.
constexpr std::string_view all_as_written = "conditionsAsWritten", as_written = "conditionAsWritten";

/// One entry of `preconditions` as a stage of its own; the entry's fields win over the parent's.
engine::SyntheticStage check_of(const json::object& parent, std::size_t index) {
  const json::object& entry = parent.at("preconditions").as_array()[index].as_object();
  const std::string kind = base::string_or(entry, "type", "");
  json::object context = parent;
  context.erase("preconditions");
  base::merge_into(context, entry);
  context.erase("type");
  context.erase(all_as_written);
  const auto* written = base::find_array(parent, all_as_written);
  if (written != nullptr && index < written->size() && (*written)[index].is_string())
    context[as_written] = (*written)[index];
  context["preconditionType"] = kind;
  json::object details;
  if (const auto* given = base::find_object(entry, "context")) details = *given;
  for (const std::string_view inherited : {"cluster", "regions", "credentials", "zones"}) {
    if (says_nothing(details, inherited) && context.contains(inherited))
      details[inherited] = context[inherited];
  }
  context["context"] = std::move(details);
  return {.type = "checkPreconditions",
          .name = fmt::format("Check precondition ({})", kind),
          .context = std::move(context)};
}

class CheckPreconditions final : public engine::Stage {
 public:
  std::string_view type() const override { return "checkPreconditions"; }
  bool takes_strategy_parameters() const override { return true; }
  std::vector<std::string_view> own_expressions() const override { return {all_as_written, as_written}; }

  void begin(model::Stage& stage) const override {
    const auto* entries = base::find_array(stage.context, "preconditions");
    if (entries == nullptr) return;
    json::array written;
    bool any = false;
    for (const json::value& entry : *entries) {
      const auto* fields = entry.if_object();
      const auto* details = fields == nullptr ? nullptr : base::find_object(*fields, "context");
      const std::string condition = details == nullptr ? "" : base::string_or(*details, "expression", "");
      const bool braces = expressions::has_expression(std::string_view(condition));
      any |= braces;
      written.push_back(braces ? json::value(condition) : json::value(nullptr));
    }
    // After a restart the braces are gone: what was kept then stays.
    if (any) stage.context[all_as_written] = std::move(written);
  }

  bool runs_dry(const engine::StageView& stage) const override {
    return stage.text("preconditionType") == "expression";
  }

  engine::Plan plan(const engine::StageView& stage) const override {
    if (stage.context().contains("preconditionType")) return engine::run_in_order({"checkPrecondition"});
    engine::Plan plan;
    const auto* entries = base::find_array(stage.context(), "preconditions");
    if (entries == nullptr) return engine::refuse("preconditions", "a list is needed");
    for (std::size_t i = 0; i < entries->size(); ++i) {
      const auto* entry = (*entries)[i].if_object();
      const std::string kind = entry == nullptr ? "" : base::string_or(*entry, "type", "");
      if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
        return engine::refuse(
            fmt::format("preconditions[{}].type", i),
            fmt::format("'{}' is unknown; use expression, stageStatus or clusterSize", kind));
      }
      plan.before.push_back(check_of(stage.context(), i));
    }
    return plan;
  }
};

class CheckPrecondition final : public runner::Task {
 public:
  explicit CheckPrecondition(ServerGroupsOf server_groups_of)
      : server_groups_of_(std::move(server_groups_of)) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const std::string kind = base::string_or(context.stage().context, "preconditionType", "");
    const auto* found = base::find_object(context.stage().context, "context");
    const json::object details = found ? *found : json::object{};
    if (kind == "expression") {
      auto checking = check_expression(context, details);
      co_return co_await std::move(checking);
    }
    if (kind == "stageStatus") co_return check_stage_status(context, details);
    co_return check_cluster_size(context, details);
  }

 private:
  static base::Async<runner::TaskResult> check_expression(runner::TaskContext context, json::object details) {
    const auto* given = details.if_contains("expression");
    if (given == nullptr) co_return runner::failed(context, "context.expression: an expression is needed");
    // The braces were filled in when the stage's fields were evaluated, if the user wrote them.
    json::value result = *given;
    json::object summary;
    if (const auto* text = given->if_string()) {
      const std::string plain(*text);
      const bool literal = plain == "true" || plain == "false";
      auto evaluating = evaluate_for(context, literal ? plain : "${" + plain + "}");
      expressions::TextEvaluation evaluation = co_await std::move(evaluating);
      result = std::move(evaluation.value);
      summary = std::move(evaluation.summary);
    }
    std::string answer = base::plain_text(result);
    const std::string shown = answer;
    std::transform(answer.begin(), answer.end(), answer.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    json::object kept = details;
    kept["expressionResult"] = shown;
    runner::TaskResult task;
    if (answer != "true") {
      const std::string message = base::string_or(details, "failureMessage", "");
      const std::string condition =
          base::string_or(context.stage().context, as_written, base::plain_text(*given));
      task = runner::failed(context, !message.empty() ? message : why_not_true(condition, result, summary));
    }
    task.context["context"] = std::move(kept);
    co_return task;
  }

  static std::string why_not_true(const std::string& condition, const json::value& result,
                                  const json::object& summary) {
    std::string why = fmt::format("'{}' is {}, not true", condition, base::to_text(result));
    for (const auto& failure : summary) {
      for (const auto& finding : failure.value().as_array()) {
        why = base::string_or(finding.as_object(), "description", why);
      }
    }
    return why;
  }

  static runner::TaskResult check_stage_status(const runner::TaskContext& context,
                                               const json::object& details) {
    const std::string name = base::string_or(details, "stageName", "");
    const std::string wanted = base::string_or(details, "stageStatus", "");
    for (const model::Stage& stage : context.execution().stages) {
      if (stage.name != name) continue;
      if (model::to_string(stage.status) == wanted) return runner::succeeded();
      return runner::failed(
          context, fmt::format("The status of stage {} was asserted to be {}, but was actually {}", name,
                               wanted, model::to_string(stage.status)));
    }
    return runner::failed(
        context,
        fmt::format("Failed to find stage {} in execution. Please specify a valid stage name", name));
  }

  runner::TaskResult check_cluster_size(const runner::TaskContext& context,
                                        const json::object& details) const {
    const std::string comparison = base::string_or(details, "comparison", "==");
    const auto* given = details.if_contains("expected");
    const auto expected = given == nullptr || given->is_null() ? 1 : base::whole_number(*given);
    if (!expected) {
      return runner::failed(
          context, fmt::format("context.expected: a whole number is needed, not {}", base::to_text(*given)));
    }
    const auto* moniker = base::find_object(details, "moniker");
    const std::string cluster =
        base::string_or(details, "cluster", moniker ? base::string_or(*moniker, "cluster", "") : "");
    if (cluster.empty()) return runner::failed(context, "context.cluster: a cluster's name is needed");
    std::vector<std::string> regions = base::string_list(details, "regions");
    if (regions.empty()) regions = base::string_list(details, "zones");
    if (regions.empty()) return runner::failed(context, "context.regions: at least one region is needed");
    for (const std::string& region : regions) {
      const std::vector<std::string> groups =
          server_groups_of_({.account = base::string_or(details, "credentials", ""),
                             .region = region,
                             .cluster = cluster,
                             .only_enabled = base::bool_or(details, "onlyEnabledServerGroups", false)});
      const auto holds = compare(static_cast<std::int64_t>(groups.size()), comparison, *expected);
      if (!holds)
        return runner::failed(context,
                              fmt::format("context.comparison: '{}' is none of < <= == >= >", comparison));
      if (!*holds) {
        return runner::failed(
            context,
            fmt::format("Precondition check failed: expected {} {} server groups in {} but found {}: [{}]",
                        comparison, *expected, region, groups.size(), fmt::join(groups, ", ")));
      }
    }
    return runner::succeeded();
  }

  static std::optional<bool> compare(std::int64_t left, std::string_view comparison, std::int64_t right) {
    if (comparison == "<") return left < right;
    if (comparison == "<=") return left <= right;
    if (comparison == "==") return left == right;
    if (comparison == ">=") return left >= right;
    if (comparison == ">") return left > right;
    return std::nullopt;
  }

  ServerGroupsOf server_groups_of_;
};

}  // namespace

void add_check_preconditions(runner::Catalogs& catalogs, ServerGroupsOf server_groups_of) {
  catalogs.stages.add(std::make_unique<CheckPreconditions>());
  catalogs.tasks.add("checkPrecondition", std::make_unique<CheckPrecondition>(std::move(server_groups_of)));
}

}  // namespace gennaker::stages
