#include "stages/shrink_cluster/shrink_cluster.h"

#include "base/json.h"
#include "stages/cluster_steps.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

constexpr std::string_view keep_field = "shrinkToSize";

int keep_of(const json::object& context) {
  return static_cast<int>(base::whole_number(context, keep_field).value_or(1));
}

class ShrinkCluster final : public engine::Stage {
 public:
  std::string_view type() const override { return "shrinkCluster"; }
  bool takes_strategy_parameters() const override { return true; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (const auto problem = cluster_stage_problem(context, keep_field)) return refuse(*problem);
    engine::Plan plan = engine::run_in_order({"shrinkCluster", "waitForClusterShrink"});
    // Active ones lose their traffic in an orderly way before they go.
    if (base::bool_or(context, "allowDeleteActive", false) &&
        base::bool_or(context, "runDisableClusterStep", true)) {
      json::object disable = inherited(context);
      disable["remainingEnabledServerGroups"] = keep_of(context);
      disable["preferLargerOverNewer"] = base::bool_or(context, "retainLargerOverNewer", false);
      disable["continueIfClusterNotFound"] = keep_of(context) == 0;
      plan.before.push_back(
          {.type = "disableCluster", .name = "disableCluster", .context = std::move(disable)});
    }
    return plan;
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class ShrinkClusterTask final : public ClusterStep {
 public:
  using ClusterStep::ClusterStep;

 protected:
  std::string_view kind() const override { return clusters::destroy_server_group_kind; }
  std::string_view guarded_verb() const override { return "Shrinking"; }
  clusters::ServerGroups choose(const json::object& context, const clusters::ServerGroups& cluster,
                                const std::vector<std::string>& deployed) const override {
    const clusters::Selection selection{
        .keep = keep_of(context),
        .spare_active = !base::bool_or(context, "allowDeleteActive", false),
        .larger_first = base::bool_or(context, "retainLargerOverNewer", false)};
    return clusters::select_for_removal(cluster, deployed, selection);
  }
  bool may_find_nothing(const json::object& context) const override { return keep_of(context) == 0; }
  model::Operation operation(std::string key, const clusters::ServerGroupRef& group) const override {
    return clusters::destroy_server_group(std::move(key), group);
  }
};

class WaitForClusterShrink final : public ClusterWait {
 public:
  using ClusterWait::ClusterWait;

 protected:
  bool reached(const json::object&, const model::ServerGroup* group) const override {
    return group == nullptr;
  }
  std::string_view waiting_for() const override { return "to be gone"; }
};

}  // namespace

void add_shrink_cluster(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<ShrinkCluster>());
  catalogs.tasks.add("shrinkCluster", std::make_unique<ShrinkClusterTask>(infrastructure));
  catalogs.tasks.add("waitForClusterShrink", std::make_unique<WaitForClusterShrink>(infrastructure));
}

}  // namespace gennaker::stages
