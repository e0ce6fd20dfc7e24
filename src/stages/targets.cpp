#include "stages/targets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/inventory.h"
#include "stages/fields.h"
#include "stages/waits.h"

namespace gennaker::stages {
namespace {

using engine::Plan;
using engine::StageView;
using engine::SyntheticStage;

const std::string determine_type = "determineTargetServerGroup";

void leave_out_locations(json::object& context) {
  for (const std::string_view key :
       {"region", "regions", "namespace", "namespaces", "zones", "availabilityZones"}) {
    context.erase(key);
  }
}

SyntheticStage child_in(const StageView& stage, const std::string& region) {
  json::object context = inherited(stage.context());
  leave_out_locations(context);
  context.erase("target");
  context["region"] = region;
  context["deployServerGroupsRegion"] = region;
  context["targetLocation"] = {{"type", "REGION"}, {"value", region}};
  return {.type = stage.stage().type,
          .name = fmt::format("{} in {}", stage.stage().type, region),
          .context = std::move(context)};
}

}  // namespace

std::optional<clusters::FieldProblem> target_problem(const json::object& context) {
  const std::string word = base::string_or(context, "target", "");
  if (!clusters::parse_target(word)) {
    return clusters::FieldProblem{"target", fmt::format("'{}' is not known; there are: {}", word,
                                                        fmt::join(clusters::target_words(), ", "))};
  }
  if (cluster_of(context).empty()) {
    return clusters::FieldProblem{"cluster", "the name of the cluster of the target is needed"};
  }
  if (locations_of(context).empty())
    return clusters::FieldProblem{"regions", "at least one region is needed"};
  return std::nullopt;
}

Plan plan_target_stage(const StageView& stage, std::initializer_list<std::string_view> tasks) {
  const json::object& context = stage.context();
  if (const auto problem = account_problem(context)) return refuse(*problem);
  const auto locations = locations_of(context);
  const bool child_of_target = context.contains("targetLocation");
  const bool named = !server_group_name_of(context).empty();
  if (!named && !child_of_target) {
    if (!context.contains("target")) {
      return engine::refuse("serverGroupName", "a name is needed, or `target` with `cluster` and `regions`");
    }
    if (const auto problem = target_problem(context)) return refuse(*problem);
    Plan plan;
    json::object lookup = inherited(context);
    lookup.erase("serverGroupName");
    plan.before.push_back({.type = determine_type, .name = determine_type, .context = std::move(lookup)});
    for (const std::string& region : locations) plan.before.push_back(child_in(stage, region));
    plan.before = engine::in_sequence(std::move(plan.before));
    return plan;
  }
  if (locations.empty()) return engine::refuse("region", "the region of the server group is needed");
  if (locations.size() == 1) return engine::run_in_order(tasks);
  Plan plan;
  for (const std::string& region : locations) plan.before.push_back(child_in(stage, region));
  plan.before = engine::in_sequence(std::move(plan.before));
  return plan;
}

void add_infrastructure_tasks(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  add_waits(catalogs, infrastructure);
}

}  // namespace gennaker::stages
