#include "clusters/strategies.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "clusters/naming.h"

namespace gennaker::clusters {
namespace {

using std::chrono::seconds;

constexpr std::chrono::milliseconds rollback_limit = std::chrono::minutes(30);
constexpr std::chrono::milliseconds clean_up_limit = std::chrono::minutes(5);

class Fields {
 public:
  Fields(const json::object& description, std::optional<FieldProblem>& problem)
      : description_(description), problem_(problem) {}

  int number(std::string_view field) {
    const auto* value = base::find(description_, field);
    if (value == nullptr || value->is_null() || (value->is_string() && value->get_string().empty())) return 0;
    const auto number = base::whole_number(*value);
    if (number && *number >= 0 && *number <= 1'000'000'000) return static_cast<int>(*number);
    refuse(field, fmt::format("a whole number, 0 or more, is needed, not {}", base::to_text(*value)));
    return 0;
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
  std::string word = given;
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  if (word.empty() || word == "none") return StrategyKind::none;
  if (word == "highlander") return StrategyKind::highlander;
  if (word == "redblack") return StrategyKind::redblack;
  if (word == "rollingredblack") return StrategyKind::rolling_redblack;
  fields.refuse(
      "strategy",
      fmt::format("'{}' is not known; there are: none, highlander, redblack, rollingredblack", given));
  return StrategyKind::none;
}

json::object cluster_context(const Deployment& deployment) {
  const std::string cluster = cluster_name(deployment.moniker);
  json::object moniker{{"app", deployment.moniker.app}, {"cluster", cluster}};
  if (!deployment.moniker.stack.empty()) moniker["stack"] = deployment.moniker.stack;
  if (!deployment.moniker.detail.empty()) moniker["detail"] = deployment.moniker.detail;
  return {{"credentials", deployment.account},
          {"cloudProvider", deployment.provider},
          {"cluster", cluster},
          {"moniker", std::move(moniker)},
          {"regions", json::array{deployment.region}}};
}

json::object created_context(const Deployment& deployment, std::chrono::milliseconds limit) {
  return {{"credentials", deployment.account},
          {"cloudProvider", deployment.provider},
          {"region", deployment.region},
          {"serverGroupName", deployment.created},
          {"stageTimeoutMs", limit.count()}};
}

Step with(Step step, const json::object& more) {
  base::merge_into(step.context, more);
  return step;
}

void add_wait(std::vector<Step>& steps, std::string name, seconds time) {
  if (time > seconds(0)) steps.push_back({"wait", std::move(name), {{"waitTime", time.count()}}});
}

std::vector<Step> after_highlander(const Deployment& deployment) {
  return {with({"shrinkCluster", "Shrink Cluster", cluster_context(deployment)},
               {{"shrinkToSize", 1}, {"allowDeleteActive", true}, {"retainLargerOverNewer", false}})};
}

std::vector<Step> after_redblack(const Strategy& strategy, const Deployment& deployment) {
  if (deployment.source.empty()) return {};
  std::vector<Step> steps;
  const json::object cluster = cluster_context(deployment);
  // Before the disabling: what serves now survives until the next deployment, to roll back to.
  if (strategy.max_remaining > 0) {
    steps.push_back(with({"shrinkCluster", "Shrink Cluster", cluster},
                         {{"shrinkToSize", strategy.max_remaining},
                          {"allowDeleteActive", strategy.allow_delete_active},
                          {"retainLargerOverNewer", false}}));
  }
  add_wait(steps, "Wait Before Disable", strategy.before_disable);
  steps.push_back(with({"disableCluster", "Disable Cluster", cluster},
                       {{"remainingEnabledServerGroups", 1}, {"preferLargerOverNewer", false}}));
  if (strategy.scale_down) {
    add_wait(steps, "Wait Before Scale Down", strategy.before_scale_down);
    steps.push_back(with({"scaleDownCluster", "Scale Down Cluster", cluster},
                         {{"remainingFullSizeServerGroups", 1},
                          {"allowScaleDownActive", strategy.allow_scale_down_active},
                          {"preferLargerOverNewer", false}}));
  }
  return steps;
}

json::object group_context(const Deployment& deployment, const std::string& name) {
  return {{"credentials", deployment.account},
          {"cloudProvider", deployment.provider},
          {"region", deployment.region},
          {"serverGroupName", name}};
}

json::object capacity_json(const model::Capacity& capacity) {
  return {{"min", capacity.min}, {"max", capacity.max}, {"desired", capacity.desired}};
}

/// To a share of what serves at that moment, which keeps its size meanwhile; to all of it with the smallest
/// size from before.
Step grow(const Deployment& deployment, int percentage) {
  Step step{"resizeServerGroup", fmt::format("Grow {} to {}%", deployment.created, percentage),
            group_context(deployment, deployment.created)};
  if (deployment.source.empty()) {
    model::Capacity part = deployment.wanted;
    if (percentage < 100) part.desired = part.min = part.max = (part.desired * percentage + 99) / 100;
    return with(std::move(step), {{"action", "scale_exact"}, {"capacity", capacity_json(part)}});
  }
  json::object more{{"action", "scale_to_server_group"},
                    {"scalePct", percentage},
                    {"source", group_context(deployment, deployment.source)}};
  if (percentage < 100) {
    more["pinCapacity"] = true;
  } else {
    more["unpinMinimumCapacity"] = true;
    more["savedCapacity"] = capacity_json(deployment.source_capacity);
  }
  return with(std::move(step), more);
}

Step pin(const Deployment& deployment) {
  return with({"resizeServerGroup", "Pin " + deployment.source, group_context(deployment, deployment.source)},
              {{"action", "scale_to_server_group"},
               {"source", group_context(deployment, deployment.source)},
               {"pinMinimumCapacity", true}});
}

Step unpin(const Deployment& deployment) {
  return with(
      {"resizeServerGroup", "Unpin " + deployment.source, group_context(deployment, deployment.source)},
      {{"action", "scale_to_server_group"},
       {"source", group_context(deployment, deployment.source)},
       {"unpinMinimumCapacity", true},
       {"savedCapacity", capacity_json(deployment.source_capacity)}});
}

json::object reference(const Deployment& deployment, const std::string& name) {
  return {{"region", deployment.region},
          {"account", deployment.account},
          {"cloudProvider", deployment.provider},
          {"serverGroupName", name}};
}

/// A pipeline of the user's that says whether to go on.
Step check(const Strategy& strategy, const Deployment& deployment, int percentage) {
  json::object parameters;
  if (const auto* given = base::find_object(strategy.check_pipeline, "pipelineParameters"))
    parameters = *given;
  parameters["deployedServerGroup"] = reference(deployment, deployment.created);
  if (!deployment.source.empty()) parameters["sourceServerGroup"] = reference(deployment, deployment.source);
  parameters["percentageComplete"] = percentage;
  return {"pipeline",
          "Run Pipeline Before Cleanup",
          {{"application", strategy.check_pipeline.at("application")},
           {"pipeline", strategy.check_pipeline.at("pipelineId")},
           {"pipelineParameters", std::move(parameters)}}};
}

/// New and old together serve as much as the old did before: first the new one grows, then the same share of
/// the old one goes out of traffic.
std::vector<Step> after_rolling(const Strategy& strategy, const Deployment& deployment) {
  std::vector<Step> steps;
  const bool has_source = !deployment.source.empty();
  if (has_source) steps.push_back(pin(deployment));
  for (const int percentage : strategy.percentages) {
    steps.push_back(grow(deployment, percentage));
    add_wait(steps, "Wait Before Cleanup", strategy.before_disable);
    if (!strategy.check_pipeline.empty()) steps.push_back(check(strategy, deployment, percentage));
    if (!has_source) continue;
    steps.push_back(
        with({"disableServerGroup", fmt::format("Disable {}% of {}", percentage, deployment.source),
              group_context(deployment, deployment.source)},
             {{"desiredPercentage", percentage}}));
  }
  if (!has_source) return steps;
  if (!strategy.scale_down) {
    steps.push_back(unpin(deployment));
    return steps;
  }
  add_wait(steps, "Wait Before Scale Down", strategy.before_scale_down);
  steps.push_back(with({"scaleDownCluster", "Scale Down Cluster", cluster_context(deployment)},
                       {{"remainingFullSizeServerGroups", 1},
                        {"allowScaleDownActive", false},
                        {"preferLargerOverNewer", false}}));
  return steps;
}

/// The old one has its size and its traffic again before the new one loses its own.
std::vector<Step> undo_rolling(const Strategy& strategy, const Deployment& deployment) {
  std::vector<Step> steps;
  const bool has_source = !deployment.source.empty();
  if (has_source) steps.push_back(unpin(deployment));
  if (!strategy.rollback_on_failure) return steps;
  if (has_source) {
    steps.push_back(with(
        {"resizeServerGroup", "Restore " + deployment.source, group_context(deployment, deployment.source)},
        {{"action", "scale_exact"}, {"capacity", capacity_json(deployment.source_capacity)}}));
    steps.push_back(
        {"enableServerGroup", "Enable " + deployment.source, group_context(deployment, deployment.source)});
    steps.push_back({"disableServerGroup", "Disable " + deployment.created,
                     group_context(deployment, deployment.created)});
  }
  if (strategy.destroy_latest) {
    steps.push_back(
        {"destroyServerGroup", "Destroy " + deployment.created, created_context(deployment, clean_up_limit)});
  }
  return steps;
}

}  // namespace

bool grows_in_steps(const Strategy& strategy) {
  return strategy.kind == StrategyKind::rolling_redblack;
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
  if (const auto* rollback = base::find_object(description, "rollback")) {
    strategy.rollback_on_failure = fields.flag(*rollback, "onFailure", "rollback.onFailure");
    strategy.destroy_latest = fields.flag(*rollback, "destroyLatest", "rollback.destroyLatest");
  }
  strategy.keep_failed = fields.flag("keepFailed");
  if (strategy.kind == StrategyKind::rolling_redblack) {
    strategy.percentages = fields.percentages("targetPercentages", {50, 100});
    strategy.check_pipeline = fields.pipeline("pipelineBeforeCleanup");
  }
  if (problem) return {};
  return strategy;
}

std::vector<Step> steps_after(const Strategy& strategy, const Deployment& deployment) {
  switch (strategy.kind) {
    case StrategyKind::none:
      return {};
    case StrategyKind::highlander:
      return after_highlander(deployment);
    case StrategyKind::redblack:
      return after_redblack(strategy, deployment);
    case StrategyKind::rolling_redblack:
      return after_rolling(strategy, deployment);
  }
  return {};
}

std::vector<Step> steps_on_failure(const Strategy& strategy, const Deployment& deployment) {
  if (deployment.created.empty()) return {};
  if (strategy.kind == StrategyKind::rolling_redblack && !deployment.creation_failed)
    return undo_rolling(strategy, deployment);
  if (!deployment.creation_failed) return {};
  std::vector<Step> steps;
  if (strategy.rollback_on_failure && strategy.kind == StrategyKind::redblack) {
    json::object context = created_context(deployment, rollback_limit);
    context["rollbackType"] = "EXPLICIT";
    context["rollbackContext"] = {{"rollbackServerGroupName", deployment.created}, {"disableOnly", true}};
    steps.push_back({"rollbackServerGroup", "Rollback " + deployment.created, std::move(context)});
  }
  const bool asked_to_keep =
      strategy.keep_failed && !strategy.rollback_on_failure && !strategy.destroy_latest;
  if (!asked_to_keep) {
    steps.push_back(
        {"destroyServerGroup", "Destroy " + deployment.created, created_context(deployment, clean_up_limit)});
  }
  return steps;
}

}  // namespace gennaker::clusters
