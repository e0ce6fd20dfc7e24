#include "stages/rollback_cluster/rollback_cluster.h"

#include <fmt/format.h>

#include "base/json.h"
#include "clusters/inventory.h"
#include "stages/cluster_steps.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using engine::SyntheticStage;

/// The larger, the more a few sick ones may be forgiven.
int healthy_percentage(const json::object& context, int desired) {
  const auto given = base::whole_number(context, "targetHealthyRollbackPercentage");
  if (given && *given >= 0 && *given <= 100) return static_cast<int>(*given);
  return desired < 10 ? 100 : desired < 20 ? 90 : 95;
}

const json::object& additional(const json::object& context) {
  static const json::object none;
  const auto* given = base::find_object(context, "additionalRollbackContext");
  return given ? *given : none;
}

class RollbackClusterStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "rollbackCluster"; }
  bool runs_dry(const engine::StageView&) const override { return true; }

  engine::Plan plan(const engine::StageView& stage) const override {
    if (const auto problem = cluster_stage_problem(stage.context(), "waitTimeBetweenRegions")) {
      return refuse(*problem);
    }
    return engine::run_in_order({"determineRollbackCandidates"});
  }

  /// Region after region: one that fails stops those behind it.
  std::vector<SyntheticStage> after(const engine::StageView& stage) const override {
    const json::object& own = stage.context();
    const auto* contexts = base::find_object(stage.stage().outputs, "rollbackContexts");
    if (contexts == nullptr) return {};
    const auto pause = base::whole_number(own, "waitTimeBetweenRegions").value_or(0);
    std::vector<SyntheticStage> stages;
    for (const std::string& region : locations_of(own)) {
      const auto* rollback = base::find_object(*contexts, region);
      if (rollback == nullptr) continue;
      if (!stages.empty() && pause > 0) {
        stages.push_back({.type = "wait",
                          .name = fmt::format("Wait before {}", region),
                          .context = {{"waitTime", pause}}});
      }
      json::object context{{"credentials", account_of(own)},
                           {"region", region},
                           {"rollbackType", "EXPLICIT"},
                           {"rollbackContext", *rollback}};
      for (const std::string_view key : {"cloudProvider", "interestingHealthProviderNames"}) {
        if (const auto* value = base::find(own, key)) context[key] = *value;
      }
      stages.push_back({.type = "rollbackServerGroup",
                        .name = fmt::format("Rollback in {}", region),
                        .context = std::move(context)});
    }
    return engine::in_sequence(std::move(stages));
  }

  void prepare_restart(model::Stage& stage) const override {
    forget_results(stage);
    stage.outputs.erase("rollbackContexts");
    stage.outputs.erase("rollbackTypes");
  }
};

class DetermineCandidates final : public runner::Task {
 public:
  explicit DetermineCandidates(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    const json::object& own = context.stage().context;
    const std::string account = account_of(own), cluster = cluster_of(own);
    auto reading = infrastructure_.clouds.fresh_snapshot(account);
    const auto snapshot = co_await std::move(reading);
    json::object types, contexts;
    for (const std::string& region : locations_of(own)) {
      auto groups = clusters::server_groups_of_cluster(*snapshot, cluster, region);
      const auto leaving =
          clusters::resolve_target(groups, clusters::Target::current, {.only_enabled = true});
      // Nothing to go back to, or nothing to go back from.
      if (groups.size() < 2 || leaving.group == nullptr) continue;
      const auto* target = choose(own, groups, *leaving.group);
      if (target == nullptr) {
        co_return runner::failed(
            context, fmt::format("cluster '{}' has nothing in {}/{} to roll '{}' back to", cluster, account,
                                 region, leaving.group->name));
      }
      types[region] = "EXPLICIT";
      contexts[region] = rollback_context(own, *leaving.group, *target);
    }
    const json::object outputs{{"rollbackTypes", std::move(types)},
                               {"rollbackContexts", std::move(contexts)}};
    co_return runner::succeeded(outputs, outputs);
  }

 private:
  static const model::ServerGroup* choose(const json::object& own, clusters::ServerGroups groups,
                                          const model::ServerGroup& leaving) {
    const std::string original = base::string_or(own, "originalServerGroup", "");
    const bool only_enabled = base::bool_or(additional(own), "onlyEnabledServerGroups", false);
    clusters::sort_newest_first(groups);
    for (const model::ServerGroup* group : groups) {
      if (group == &leaving || (only_enabled && group->disabled)) continue;
      if (original.empty() || clusters::same_name(group->name, original)) return group;
    }
    return nullptr;
  }

  static json::object rollback_context(const json::object& own, const model::ServerGroup& leaving,
                                       const model::ServerGroup& target) {
    json::object context = additional(own);
    context["rollbackServerGroupName"] = leaving.name;
    context["restoreServerGroupName"] = target.name;
    context["targetHealthyRollbackPercentage"] = healthy_percentage(own, leaving.capacity.desired);
    return context;
  }

  const Infrastructure infrastructure_;
};

}  // namespace

void add_rollback_cluster(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<RollbackClusterStage>());
  catalogs.tasks.add("determineRollbackCandidates", std::make_unique<DetermineCandidates>(infrastructure));
}

}  // namespace gennaker::stages
