#include "stages/cluster_description.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "clusters/naming.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using clusters::FieldProblem;

/// What every cloud understands. All else is the provider's.
constexpr std::string_view neutral_fields[] = {"account",
                                               "accountName",
                                               "credentials",
                                               "application",
                                               "stack",
                                               "freeFormDetails",
                                               "cloudProvider",
                                               "cloudProviderType",
                                               "provider",
                                               "providerType",
                                               "region",
                                               "regions",
                                               "namespace",
                                               "namespaces",
                                               "zones",
                                               "availabilityZones",
                                               "capacity",
                                               "useSourceCapacity",
                                               "preferSourceCapacity",
                                               "strategy",
                                               "maxRemainingAsgs",
                                               "allowDeleteActive",
                                               "allowScaleDownActive",
                                               "scaleDown",
                                               "delayBeforeCleanup",
                                               "delayBeforeDisableSec",
                                               "delayBeforeScaleDownSec",
                                               "rollback",
                                               "targetPercentages",
                                               "pipelineBeforeCleanup",
                                               "maxInitialAsgs",
                                               "deploySteps",
                                               "deploymentMonitor",
                                               "failureActions",
                                               "termination",
                                               "strategyApplication",
                                               "strategyPipeline",
                                               "pipelineParameters",
                                               "canary",
                                               "replacesSettings",
                                               "savedCapacity",
                                               "keepFailed",
                                               "targetHealthyDeployPercentage",
                                               "healthTimeoutMs",
                                               "loadBalancers",
                                               "startDisabled",
                                               "entityTags",
                                               "ttl",
                                               "source",
                                               "target",
                                               "targetCluster",
                                               "cluster",
                                               "clusters",
                                               "moniker",
                                               "imageId",
                                               "amiName",
                                               "image",
                                               "imageName",
                                               "sequence",
                                               "ignoreSequence",
                                               "reason",
                                               "user",
                                               "interestingHealthProviderNames",
                                               "overrides",
                                               "serverGroupName",
                                               "asgName",
                                               "targetLocation",
                                               "deployServerGroupsRegion"};

/// Forms send these for every cloud; empty they say nothing.
constexpr std::string_view often_empty_fields[] = {"securityGroups", "targetGroups", "tags",
                                                   "suspendedProcesses"};

bool says_nothing(std::string_view field, const json::value& value) {
  if (std::find(std::begin(often_empty_fields), std::end(often_empty_fields), field) ==
      std::end(often_empty_fields)) {
    return false;
  }
  return value.is_null() || (value.is_array() && value.get_array().empty()) ||
         (value.is_object() && value.get_object().empty());
}

bool is_neutral(std::string_view field) {
  return std::find(std::begin(neutral_fields), std::end(neutral_fields), field) != std::end(neutral_fields);
}

model::Moniker read_moniker(const json::object& description, const std::string& application) {
  const json::object none;
  const auto* given = base::find_object(description, "moniker");
  const json::object& parts = given ? *given : none;
  model::Moniker moniker;
  const auto first = [&](std::string_view field, std::string_view part, const std::string& fallback) {
    const std::string own = base::string_or(description, field, "");
    return !own.empty() ? own : base::string_or(parts, part, fallback);
  };
  moniker.app = first("application", "app", application);
  moniker.stack = first("stack", "stack", "");
  moniker.detail = first("freeFormDetails", "detail", "");
  moniker.cluster = clusters::cluster_name(moniker);
  return moniker;
}

std::string read_image(const json::object& description, std::optional<FieldProblem>& problem) {
  for (const std::string_view key : {"imageId", "image", "amiName", "imageName"}) {
    const auto* value = base::find(description, key);
    if (value == nullptr || value->is_null()) continue;
    if (const auto* object = value->if_object()) {
      const std::string id = base::string_or(*object, "imageId", "");
      if (!id.empty()) return id;
      continue;
    }
    if (!value->is_string()) {
      if (!problem) problem = FieldProblem{std::string(key), "the id or name of an image is needed"};
      return "";
    }
    const std::string text(value->get_string());
    if (text.find("${") != std::string::npos) {
      if (!problem) {
        problem = FieldProblem{std::string(key), fmt::format("the expression '{}' has no value", text)};
      }
      return "";
    }
    if (!text.empty()) return text;
  }
  return "";
}

void check_percentage(const json::object& description, std::optional<FieldProblem>& problem) {
  const auto* value = base::find(description, "targetHealthyDeployPercentage");
  if (problem || value == nullptr || value->is_null()) return;
  const auto number = base::whole_number(*value);
  if (number && *number >= 0 && *number <= 100) return;
  problem =
      FieldProblem{"targetHealthyDeployPercentage",
                   fmt::format("a whole number from 0 to 100 is needed, not {}", base::to_text(*value))};
}

void check_health_timeout(const json::object& description, std::optional<FieldProblem>& problem) {
  const auto* value = base::find(description, "healthTimeoutMs");
  if (problem || value == nullptr || value->is_null()) return;
  const auto number = base::whole_number(*value);
  if (number && *number > 0) return;
  problem = FieldProblem{"healthTimeoutMs",
                         fmt::format("a number of milliseconds is needed, not {}", base::to_text(*value))};
}

}  // namespace

bool is_setting(std::string_view field) {
  return !is_neutral(field) && !is_bookkeeping(field);
}

ClusterDescription read_cluster_description(const json::object& description, const std::string& application,
                                            std::optional<FieldProblem>& problem) {
  ClusterDescription read;
  problem = account_problem(description);
  read.account = account_of(description);
  read.provider = base::string_or(description, "cloudProvider", base::string_or(description, "provider", ""));
  read.regions = locations_of(description);
  if (!problem && read.regions.empty()) problem = FieldProblem{"region", "the name of a region is needed"};
  read.moniker = read_moniker(description, application);
  if (!problem) {
    if (const auto wrong = clusters::refuse_moniker(read.moniker)) {
      const auto colon = wrong->find(": ");
      problem = FieldProblem{wrong->substr(0, colon), wrong->substr(colon + 2)};
    }
  }
  read.capacity = read_capacity(description, "capacity", problem);
  read.use_source_capacity = base::bool_or(description, "useSourceCapacity", false);
  read.prefer_source_capacity = base::bool_or(description, "preferSourceCapacity", false);
  read.start_disabled = base::bool_or(description, "startDisabled", false);
  read.load_balancers = base::string_list(description, "loadBalancers");
  read.image = read_image(description, problem);
  read.strategy = clusters::read_strategy(description, problem);
  check_percentage(description, problem);
  check_health_timeout(description, problem);
  for (const auto& member : description) {
    if (!is_setting(member.key())) continue;
    if (says_nothing(member.key(), member.value())) continue;
    read.settings.emplace(member.key(), member.value());
  }
  return read;
}

}  // namespace gennaker::stages
