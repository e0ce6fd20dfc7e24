#include "stages/create_server_group/deployment_start.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "clusters/inventory.h"
#include "stages/create_server_group/create_server_group.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using clusters::FieldProblem;

constexpr std::string_view before_field = "clusterBefore";
constexpr std::string_view launch_field = "sourceLaunch";
constexpr std::string_view saved_field = "savedCapacity";
constexpr std::string_view snapshot_field = "sourceServerGroupCapacitySnapshot";

/// As our tasks wrote it.
model::Capacity capacity_in(const json::object& context, std::string_view field) {
  std::optional<FieldProblem> ignored;
  return read_capacity(context, field, ignored).value_or(model::Capacity{});
}

json::array describe_cluster(const ClusterDescription& description, const clusters::Snapshot& snapshot) {
  json::array list;
  const std::string& region = description.regions.front();
  for (const auto* group :
       clusters::server_groups_of_cluster(snapshot, description.moniker.cluster, region)) {
    list.push_back(json::object{{"serverGroupName", group->name},
                                {"capacity", to_json(group->capacity)},
                                {"enabled", !group->disabled}});
  }
  return list;
}

json::object describe_launch(const model::ServerGroup& group) {
  json::object settings;
  for (const auto& setting : group.launch_config) {
    if (is_setting(setting.key())) settings.emplace(setting.key(), setting.value());
  }
  return {{"imageId", group.image_id}, {"settings", std::move(settings)}};
}

std::vector<clusters::GroupBefore> cluster_before(const json::object& context) {
  std::vector<clusters::GroupBefore> before;
  const auto* list = base::find_array(context, before_field);
  if (list == nullptr) return before;
  for (const json::value& entry : *list) {
    const json::object& group = entry.as_object();
    before.push_back({.name = server_group_name_of(group),
                      .capacity = capacity_in(group, "capacity"),
                      .enabled = base::bool_or(group, "enabled", false)});
  }
  return before;
}

/// What the strategy's own stages have deployed.
std::vector<std::string> deployed_by_steps(const engine::StageView& stage) {
  std::vector<std::string> names;
  for (const model::Stage& child : stage.execution().stages) {
    if (child.parent_id != stage.stage().id) continue;
    std::string name = base::string_or(child.context, created_field, "");
    if (!name.empty()) names.push_back(std::move(name));
  }
  return names;
}

void read_source(const json::object& context, clusters::Deployment& deployment) {
  const auto* source = base::find_object(context, "source");
  if (source != nullptr) deployment.source = server_group_name_of(*source);
  deployment.source_capacity = capacity_in(context, snapshot_field);
  const auto* launch = base::find_object(context, launch_field);
  if (launch == nullptr) return;
  deployment.source_image = base::string_or(*launch, "imageId", "");
  if (const auto* settings = base::find_object(*launch, "settings")) deployment.source_settings = *settings;
}

}  // namespace

std::string start_problem(const ClusterDescription& description, const SourceChoice& choice) {
  if (choice.group != nullptr || !clusters::needs_source(description.strategy)) return "";
  return fmt::format(
      "strategy: cluster '{}' has no server group in '{}' to begin with; deploy the first one with another "
      "strategy",
      description.moniker.cluster, description.regions.front());
}

std::string successor_problem(const ClusterDescription& description, const model::Capacity& wanted) {
  if (!clusters::takes_over(description.strategy)) return "";
  if (wanted.desired == 0) return "the new server group begins with 0 instances";
  return description.start_disabled ? "the new server group begins without traffic (startDisabled)" : "";
}

json::object note_start(const ClusterDescription& description, const SourceChoice& choice,
                        const model::Capacity& wanted, const clusters::Snapshot& snapshot) {
  json::object found;
  found["source"] = choice.group ? source_json(*choice.group, description) : json::object{};
  if (choice.capacity) found["capacity"] = to_json(wanted);
  if (clusters::grows_in_steps(description.strategy)) {
    found[saved_field] = to_json(wanted);
    found["capacity"] = to_json(model::Capacity{});
  }
  if (choice.group != nullptr) found[snapshot_field] = to_json(choice.group->capacity);
  if (choice.group != nullptr && clusters::needs_source(description.strategy))
    found[launch_field] = describe_launch(*choice.group);
  if (description.strategy.rollback_on_failure) found[before_field] = describe_cluster(description, snapshot);
  return found;
}

clusters::Deployment deployment_of(const engine::StageView& stage, const ClusterDescription& description) {
  const model::Stage& self = stage.stage();
  clusters::Deployment deployment;
  deployment.account = description.account;
  deployment.provider = description.provider;
  deployment.region = description.regions.empty() ? "" : description.regions.front();
  deployment.moniker = description.moniker;
  deployment.created = base::string_or(self.context, created_field, "");
  read_source(self.context, deployment);
  deployment.wanted = capacity_in(self.context, saved_field);
  deployment.before = cluster_before(self.context);
  // A failure after the last task is one of the strategy's steps: the new server group serves by then.
  deployment.creation_failed =
      self.tasks.empty() || std::any_of(self.tasks.begin(), self.tasks.end(), [](const model::Task& task) {
        return task.status != model::Status::succeeded && task.status != model::Status::skipped;
      });
  deployment.execution_id = stage.execution().id;
  deployment.stage_id = self.id;
  deployment.image = description.image;
  deployment.description = inherited(self.context);
  deployment.began = self.start_time.value_or(base::TimePoint{});
  deployment.helpers = deployed_by_steps(stage);
  const auto percentage = base::whole_number(self.context, "targetHealthyDeployPercentage");
  if (percentage) deployment.healthy_percentage = static_cast<int>(*percentage);
  if (const auto limit = millis_of(self.context, "healthTimeoutMs")) deployment.health_timeout = *limit;
  return deployment;
}

}  // namespace gennaker::stages
