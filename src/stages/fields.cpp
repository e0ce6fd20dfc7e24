#include "stages/fields.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "clusters/naming.h"
#include "clusters/operations.h"

namespace gennaker::stages {
namespace {

using clusters::FieldProblem;

/// The engine's options of a stage, and what the runner leaves in it.
constexpr std::string_view engine_fields[] = {"type",
                                              "name",
                                              "refId",
                                              "requisiteStageRefIds",
                                              "failPipeline",
                                              "continuePipeline",
                                              "completeOtherBranchesThenFail",
                                              "restrictExecutionDuringTimeWindow",
                                              "restrictedExecutionWindow",
                                              "stageEnabled",
                                              "sendNotifications",
                                              "notifications",
                                              "expectedArtifacts",
                                              "failOnFailedExpressions",
                                              "markSuccessfulOnTimeout",
                                              "startTimeExpiry",
                                              "alias",
                                              "group",
                                              "isNew",
                                              "lastModifiedBy",
                                              "canManuallySkip",
                                              "manualSkip",
                                              "allowSiblingStagesToContinueOnFailure",
                                              "backoffPeriodMs",
                                              "stageTimeoutMs",
                                              "comments"};

/// What tasks write, ours and the runner's.
constexpr std::string_view result_fields[] = {"exception",
                                              "beforeStagePlanningFailed",
                                              "expressionEvaluationSummary",
                                              "waitingFor",
                                              "restartDetails",
                                              "cleanUpFailure",
                                              "targetReferences",
                                              "clusterTargets",
                                              "clusterTargetsDone",
                                              "serverGroupRequested",
                                              "sourceServerGroupCapacitySnapshot",
                                              "capacitySnapshot",
                                              "currentInstanceCount",
                                              "targetDesiredSize",
                                              "lastCapacityCheck",
                                              "remainingInstances",
                                              "remainingDeployServerGroups",
                                              "createdServerGroupName",
                                              "rollbackSteps",
                                              "rollbackTypes",
                                              "rollbackContexts",
                                              "imagesToRestore",
                                              "clusterBefore",
                                              "sourceLaunch",
                                              "launchImageId",
                                              "terminationInstanceIds",
                                              "terminationSick",
                                              "clonedFields",
                                              "instancesBefore",
                                              "instancesCapacity",
                                              "instancesServerGroup",
                                              "originalTags",
                                              "jobRequested",
                                              "startedJobId",
                                              "jobStatus",
                                              "completionDetails",
                                              "propertyFileContents",
                                              "resizeTo",
                                              "instanceIdsToDisable",
                                              "loadBalancersDone",
                                              "targets",
                                              "amiDetails",
                                              "deploymentDetails",
                                              "previouslyBaked",
                                              "bakeKey",
                                              "bakeInputs"};

bool listed(std::span<const std::string_view> list, std::string_view field) {
  return std::find(list.begin(), list.end(), field) != list.end();
}

bool is_result(std::string_view field) {
  // "kato.tasks", "deploy.server.groups", "originalCapacity.shop-v001": no field of a user has a dot.
  return listed(result_fields, field) || field.find('.') != std::string_view::npos;
}

std::optional<int> capacity_member(const json::object& capacity, std::string_view field, std::string_view key,
                                   std::optional<FieldProblem>& problem) {
  const auto* value = base::find(capacity, key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto number = base::whole_number(*value);
  if (number && *number >= 0 && *number <= 100'000) return static_cast<int>(*number);
  if (!problem) {
    problem =
        FieldProblem{fmt::format("{}.{}", field, key),
                     fmt::format("a whole number from 0 to 100000 is needed, not {}", base::to_text(*value))};
  }
  return std::nullopt;
}

}  // namespace

std::string account_of(const json::object& context) {
  for (const std::string_view key : {"credentials", "account", "accountName"}) {
    const auto found = base::string_member(context, key);
    if (found && !found->empty()) return *found;
  }
  return "";
}

std::vector<std::string> locations_of(const json::object& context) {
  for (const std::string_view key : {"region", "regions", "namespace", "namespaces", "zones"}) {
    auto list = base::string_list(context, key);
    if (!list.empty()) return list;
  }
  std::vector<std::string> regions;
  if (const auto* zones = base::find_object(context, "availabilityZones")) {
    for (const auto& region : *zones) regions.emplace_back(region.key());
  }
  return regions;
}

std::string server_group_name_of(const json::object& context) {
  for (const std::string_view key : {"serverGroupName", "asgName"}) {
    const auto found = base::string_member(context, key);
    if (found && !found->empty()) return *found;
  }
  return "";
}

std::string cluster_of(const json::object& context) {
  const std::string own = base::string_or(context, "cluster", "");
  if (!own.empty()) return own;
  if (const auto* moniker = base::find_object(context, "moniker")) {
    const std::string cluster = base::string_or(*moniker, "cluster", "");
    if (!cluster.empty()) return cluster;
    const model::Moniker parts{.app = base::string_or(*moniker, "app", ""),
                               .stack = base::string_or(*moniker, "stack", ""),
                               .detail = base::string_or(*moniker, "detail", ""),
                               .cluster = ""};
    if (!parts.app.empty()) return clusters::cluster_name(parts);
  }
  const std::string group = base::string_or(context, "serverGroup", "");
  return clusters::parse_name(group).cluster;
}

clusters::HealthNames health_names_of(const json::object& context) {
  const auto* value = base::find(context, "interestingHealthProviderNames");
  if (value == nullptr || value->is_null()) return std::nullopt;
  return base::string_list(context, "interestingHealthProviderNames");
}

std::optional<std::chrono::milliseconds> millis_of(const json::object& context, std::string_view key) {
  const auto number = base::whole_number(context, key);
  if (!number || *number < 0) return std::nullopt;
  return base::bounded_millis(*number);
}

std::optional<FieldProblem> account_problem(const json::object& context) {
  const std::string credentials = base::string_or(context, "credentials", "");
  const std::string account = base::string_or(context, "account", "");
  if (!credentials.empty() && !account.empty() && credentials != account) {
    return FieldProblem{
        "account", fmt::format("'{}' differs from credentials '{}'; give one of them", account, credentials)};
  }
  if (account_of(context).empty()) return FieldProblem{"account", "the name of an account is needed"};
  return std::nullopt;
}

int read_percentage(const json::object& context, std::optional<FieldProblem>& problem) {
  const auto* value = base::find(context, "desiredPercentage");
  if (value == nullptr || value->is_null()) return 100;
  const auto number = base::whole_number(*value);
  if (number && *number >= 0 && *number <= 100) return static_cast<int>(*number);
  if (!problem) {
    problem = FieldProblem{"desiredPercentage", fmt::format("a whole number from 0 to 100 is needed, not {}",
                                                            base::to_text(*value))};
  }
  return 100;
}

PartialCapacity read_partial_capacity(const json::object& context, std::string_view field,
                                      std::optional<FieldProblem>& problem) {
  const auto* value = base::find(context, field);
  if (value == nullptr || value->is_null()) return {};
  const auto* given = value->if_object();
  if (given == nullptr) {
    if (!problem) problem = FieldProblem{std::string(field), "an object {min, max, desired} is needed"};
    return {};
  }
  PartialCapacity capacity;
  capacity.min = capacity_member(*given, field, "min", problem);
  capacity.max = capacity_member(*given, field, "max", problem);
  capacity.desired = capacity_member(*given, field, "desired", problem);
  return problem ? PartialCapacity{} : capacity;
}

std::optional<model::Capacity> read_capacity(const json::object& context, std::string_view field,
                                             std::optional<FieldProblem>& problem) {
  const PartialCapacity given = read_partial_capacity(context, field, problem);
  if (given.empty()) return std::nullopt;
  model::Capacity capacity;
  capacity.desired = given.desired ? *given.desired : given.min ? *given.min : *given.max;
  capacity.min = given.min.value_or(capacity.desired);
  capacity.max = given.max.value_or(capacity.desired);
  if (capacity.min > capacity.desired || capacity.desired > capacity.max) {
    problem = FieldProblem{std::string(field),
                           fmt::format("min {}, desired {}, max {}: each must be at most the next",
                                       capacity.min, capacity.desired, capacity.max)};
    return std::nullopt;
  }
  return capacity;
}

json::object to_json(const model::Capacity& capacity) {
  return clusters::capacity_json(capacity);
}

bool is_bookkeeping(std::string_view field) {
  return listed(engine_fields, field) || is_result(field);
}

json::object inherited(const json::object& context) {
  json::object taken;
  for (const auto& member : context) {
    if (!is_bookkeeping(member.key())) taken.emplace(member.key(), member.value());
  }
  return taken;
}

void forget_results(model::Stage& stage) {
  std::vector<std::string> stale;
  for (const auto& member : stage.context) {
    // What tells of the restart itself is the engine's to keep.
    if (is_result(member.key()) && member.key() != "restartDetails") stale.emplace_back(member.key());
  }
  for (const std::string& key : stale) stage.context.erase(key);
}

engine::Plan refuse(const FieldProblem& problem, std::string_view prefix) {
  return engine::refuse(fmt::format("{}{}", prefix, problem.field), problem.reason);
}

}  // namespace gennaker::stages
