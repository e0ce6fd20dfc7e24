#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "clusters/strategies.h"

namespace gennaker::clusters {
namespace {

using std::chrono::seconds;

struct Word {
  std::string_view word;  ///< in lower case
  StrategyKind kind;
};
constexpr Word words[] = {
    {"none", StrategyKind::none},           {"highlander", StrategyKind::highlander},
    {"redblack", StrategyKind::redblack},   {"rollingredblack", StrategyKind::rolling_redblack},
    {"monitored", StrategyKind::monitored}, {"rollingpush", StrategyKind::rolling_push},
    {"custom", StrategyKind::custom},       {"canary", StrategyKind::canary},
};

class Fields {
 public:
  Fields(const json::object& description, std::optional<FieldProblem>& problem)
      : description_(description), problem_(problem) {}

  int number(std::string_view field) { return number(description_, field, field); }
  int number(const json::object& where, std::string_view field, std::string_view shown, int fallback = 0) {
    const auto* value = base::find(where, field);
    if (value == nullptr || value->is_null()) return fallback;
    if (value->is_string() && value->get_string().empty()) return fallback;
    const auto number = base::whole_number(*value);
    if (number && *number >= 0 && *number <= 1'000'000'000) return static_cast<int>(*number);
    refuse(shown, fmt::format("a whole number, 0 or more, is needed, not {}", base::to_text(*value)));
    return fallback;
  }
  bool flag(const json::object& where, std::string_view field, std::string_view shown) {
    const auto* value = base::find(where, field);
    if (value == nullptr || value->is_null()) return false;
    if (const auto flag = base::bool_member(where, field)) return *flag;
    refuse(shown, fmt::format("true or false is needed, not {}", base::to_text(*value)));
    return false;
  }
  bool flag(std::string_view field) { return flag(description_, field, field); }
  bool has(std::string_view field) const { return description_.contains(field); }

  /// Rising numbers from 1 to 100; 100 is added.
  std::vector<int> percentages(std::string_view field, std::vector<int> fallback) {
    const auto* value = base::find(description_, field);
    if (value == nullptr || value->is_null()) return fallback;
    std::vector<int> numbers;
    const auto* list = value->if_array();
    for (const json::value& entry : list ? *list : json::array{}) {
      const auto number = base::whole_number(entry);
      const int last = numbers.empty() ? 0 : numbers.back();
      if (number && *number > last && *number <= 100) {
        numbers.push_back(static_cast<int>(*number));
        continue;
      }
      refuse(field,
             fmt::format("rising whole numbers from 1 to 100 are needed, not {}", base::to_text(entry)));
    }
    if (list == nullptr) refuse(field, "a list of numbers is needed");
    if (numbers.empty() || numbers.back() < 100) numbers.push_back(100);
    return numbers;
  }
  std::string text(const json::object& where, std::string_view field, std::string_view shown) {
    const auto* value = base::find(where, field);
    if (value != nullptr && value->is_string() && !value->get_string().empty())
      return std::string(value->get_string());
    refuse(shown, "a text is needed");
    return "";
  }
  json::object pipeline(std::string_view field) {
    const auto* value = base::find(description_, field);
    if (value == nullptr || value->is_null()) return {};
    const auto* given = value->if_object();
    if (given != nullptr && base::string_or(*given, "pipelineId", "").empty()) return {};
    if (given != nullptr && !base::string_or(*given, "application", "").empty()) return *given;
    refuse(field, "an object with application and pipelineId is needed");
    return {};
  }

  void refuse(std::string_view field, std::string reason) {
    if (!problem_) problem_ = FieldProblem{std::string(field), std::move(reason)};
  }

 private:
  const json::object& description_;
  std::optional<FieldProblem>& problem_;
};

StrategyKind kind_of(const json::object& description, Fields& fields) {
  const auto* value = base::find(description, "strategy");
  if (value == nullptr || value->is_null()) return StrategyKind::none;
  const std::string given = base::plain_text(*value);
  if (given.empty()) return StrategyKind::none;
  std::string word = given;
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  std::vector<std::string_view> known;
  for (const Word& one : words) {
    if (one.word == word) return one.kind;
    known.push_back(one.word);
  }
  fields.refuse("strategy", fmt::format("'{}' is not known; there are: {}", given, fmt::join(known, ", ")));
  return StrategyKind::none;
}

void read_rollback(const json::object& description, Fields& fields, Strategy& strategy) {
  const auto* rollback = base::find_object(description, "rollback");
  if (rollback == nullptr) return;
  strategy.rollback_on_failure = fields.flag(*rollback, "onFailure", "rollback.onFailure");
  strategy.destroy_latest = fields.flag(*rollback, "destroyLatest", "rollback.destroyLatest");
}

/// In place of `rollback`.
void read_failure_actions(const json::object& description, Fields& fields, Strategy& strategy) {
  strategy.rollback_on_failure = strategy.destroy_latest = false;
  const auto* actions = base::find_object(description, "failureActions");
  if (actions == nullptr) return;
  std::string rollback = base::string_or(*actions, "rollback", "None");
  std::transform(rollback.begin(), rollback.end(), rollback.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (rollback != "none" && rollback != "automatic" && rollback != "manual")
    fields.refuse("failureActions.rollback",
                  fmt::format("'{}' is not known; there are: None, Automatic, Manual", rollback));
  strategy.rollback_on_failure = rollback != "none";
  strategy.destroy_latest = fields.flag(*actions, "destroyInstances", "failureActions.destroyInstances");
}

void read_monitor(const json::object& description, Fields& fields, Strategy& strategy) {
  const auto* monitor = base::find_object(description, "deploymentMonitor");
  if (monitor == nullptr) {
    fields.refuse("deploymentMonitor", "an object with the id of a deployment monitor is needed");
    return;
  }
  fields.text(*monitor, "id", "deploymentMonitor.id");
  strategy.monitor = *monitor;
}

void read_relaunch(const json::object& description, Fields& fields, Strategy& strategy) {
  const json::object none;
  const auto* given = base::find_object(description, "termination");
  const json::object& termination = given ? *given : none;
  json::object& relaunch = strategy.relaunch;
  const std::string order = base::string_or(termination, "order", "oldest");
  if (order != "oldest" && order != "newest")
    fields.refuse("termination.order", fmt::format("'{}' is not known; there are: oldest, newest", order));
  relaunch["order"] = order;
  relaunch["concurrentRelaunches"] =
      std::max(1, fields.number(termination, "concurrentRelaunches", "termination.concurrentRelaunches", 1));
  relaunch["totalRelaunches"] = fields.number(termination, "totalRelaunches", "termination.totalRelaunches");
  relaunch["waitTime"] = fields.number(termination, "waitTime", "termination.waitTime");
}

void read_canary(const json::object& description, Fields& fields, Strategy& strategy) {
  const json::object none;
  const auto* given = base::find_object(description, "canary");
  const json::object& canary = given ? *given : none;
  strategy.canary_instances = fields.number(canary, "instances", "canary.instances", 1);
  if (strategy.canary_instances == 0) fields.refuse("canary.instances", "1 or more is needed");
  strategy.canary_time = seconds(fields.number(canary, "seconds", "canary.seconds"));
}

/// What one kind of strategy alone has.
void read_own_fields(const json::object& description, Fields& fields, Strategy& strategy) {
  switch (strategy.kind) {
    case StrategyKind::none:
    case StrategyKind::highlander:
    case StrategyKind::redblack:
      return;
    case StrategyKind::rolling_redblack:
      strategy.percentages = fields.percentages("targetPercentages", {50, 100});
      strategy.check_pipeline = fields.pipeline("pipelineBeforeCleanup");
      return;
    case StrategyKind::monitored:
      strategy.percentages = fields.percentages("deploySteps", {10, 40, 100});
      read_failure_actions(description, fields, strategy);
      read_monitor(description, fields, strategy);
      return;
    case StrategyKind::rolling_push:
      read_relaunch(description, fields, strategy);
      return;
    case StrategyKind::custom:
      strategy.application = fields.text(description, "strategyApplication", "strategyApplication");
      strategy.pipeline_id = fields.text(description, "strategyPipeline", "strategyPipeline");
      if (const auto* given = base::find_object(description, "pipelineParameters"))
        strategy.parameters = *given;
      return;
    case StrategyKind::canary:
      read_canary(description, fields, strategy);
      strategy.check_pipeline = fields.pipeline("pipelineBeforeCleanup");
      return;
  }
}

}  // namespace

std::string_view name_of(StrategyKind kind) {
  const auto* found =
      std::find_if(std::begin(words), std::end(words), [kind](const Word& one) { return one.kind == kind; });
  return found->word;
}

Strategy read_strategy(const json::object& description, std::optional<FieldProblem>& problem) {
  Fields fields(description, problem);
  Strategy strategy;
  strategy.kind = kind_of(description, fields);
  strategy.max_remaining = fields.number("maxRemainingAsgs");
  strategy.allow_delete_active = fields.flag("allowDeleteActive");
  strategy.allow_scale_down_active = fields.flag("allowScaleDownActive");
  strategy.scale_down = fields.flag("scaleDown");
  // The first is the newer name of the second.
  const bool newer_name = fields.has("delayBeforeCleanup");
  strategy.before_disable =
      seconds(fields.number(newer_name ? "delayBeforeCleanup" : "delayBeforeDisableSec"));
  strategy.before_scale_down = seconds(fields.number("delayBeforeScaleDownSec"));
  read_rollback(description, fields, strategy);
  strategy.keep_failed = fields.flag("keepFailed");
  read_own_fields(description, fields, strategy);
  if (problem) return {};
  return strategy;
}

}  // namespace gennaker::clusters
