#include "stages/disable_cluster/disable_cluster.h"

#include <algorithm>

#include "base/json.h"
#include "clusters/health.h"
#include "stages/cluster_steps.h"
#include "stages/drain.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

constexpr std::string_view keep_field = "remainingEnabledServerGroups";

class DisableCluster final : public engine::Stage {
 public:
  std::string_view type() const override { return "disableCluster"; }
  bool takes_strategy_parameters() const override { return true; }
  engine::Plan plan(const engine::StageView& stage) const override {
    if (const auto problem = cluster_stage_problem(stage.context(), keep_field)) return refuse(*problem);
    return engine::run_in_order({"disableCluster", "waitForClusterDisable"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class DisableClusterTask final : public ClusterStep {
 public:
  using ClusterStep::ClusterStep;

 protected:
  std::string_view kind() const override { return clusters::disable_server_group_kind; }
  std::string_view guarded_verb() const override { return "Disabling"; }
  clusters::ServerGroups choose(const json::object& context, const clusters::ServerGroups& cluster,
                                const std::vector<std::string>& deployed) const override {
    const auto keep = static_cast<int>(base::whole_number(context, keep_field).value_or(1));
    return clusters::select_for_disabling(cluster, deployed, keep,
                                          base::bool_or(context, "preferLargerOverNewer", false));
  }
  bool may_find_nothing(const json::object& context) const override {
    return base::bool_or(context, "continueIfClusterNotFound", false);
  }
  model::Operation operation(std::string key, const clusters::ServerGroupRef& group) const override {
    return clusters::disable_server_group(std::move(key), group, drain_timeout);
  }
};

class WaitForClusterDisable final : public ClusterWait {
 public:
  using ClusterWait::ClusterWait;

 protected:
  bool reached(const json::object& context, const model::ServerGroup* group) const override {
    if (group == nullptr) return true;
    const auto names = health_names_of(context);
    return group->disabled &&
           std::all_of(group->instances.begin(), group->instances.end(), [&](const auto& instance) {
             return clusters::is_without_traffic(*group, instance, names);
           });
  }
  std::string_view waiting_for() const override { return "to be without traffic"; }
};

}  // namespace

void add_disable_cluster(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<DisableCluster>());
  catalogs.tasks.add("disableCluster", std::make_unique<DisableClusterTask>(infrastructure));
  catalogs.tasks.add("waitForClusterDisable", std::make_unique<WaitForClusterDisable>(infrastructure));
}

}  // namespace gennaker::stages
