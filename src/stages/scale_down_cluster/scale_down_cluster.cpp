#include "stages/scale_down_cluster/scale_down_cluster.h"

#include "base/json.h"
#include "stages/cluster_steps.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

constexpr std::string_view keep_field = "remainingFullSizeServerGroups";

class ScaleDownCluster final : public engine::Stage {
 public:
  std::string_view type() const override { return "scaleDownCluster"; }
  bool takes_strategy_parameters() const override { return true; }
  engine::Plan plan(const engine::StageView& stage) const override {
    if (const auto problem = cluster_stage_problem(stage.context(), keep_field)) return refuse(*problem);
    return engine::run_in_order({"scaleDownCluster", "waitForScaleDownCluster"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class ScaleDownClusterTask final : public ClusterStep {
 public:
  using ClusterStep::ClusterStep;

 protected:
  std::string_view kind() const override { return clusters::resize_server_group_kind; }
  std::string_view guarded_verb() const override { return "Scaling down"; }
  clusters::ServerGroups choose(const json::object& context, const clusters::ServerGroups& cluster,
                                const std::vector<std::string>& deployed) const override {
    const clusters::Selection selection{
        .keep = static_cast<int>(base::whole_number(context, keep_field).value_or(1)),
        .spare_active = !base::bool_or(context, "allowScaleDownActive", false),
        .larger_first = base::bool_or(context, "preferLargerOverNewer", false)};
    return clusters::select_for_removal(cluster, deployed, selection);
  }
  bool may_find_nothing(const json::object&) const override { return false; }
  model::Operation operation(std::string key, const clusters::ServerGroupRef& group) const override {
    return clusters::resize_server_group(std::move(key), group, {.min = 0, .max = 0, .desired = 0});
  }
};

class WaitForScaleDownCluster final : public ClusterWait {
 public:
  using ClusterWait::ClusterWait;

 protected:
  bool reached(const json::object&, const model::ServerGroup* group) const override {
    return group == nullptr || group->instances.empty();
  }
  std::string_view waiting_for() const override { return "to be without instances"; }
};

}  // namespace

void add_scale_down_cluster(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<ScaleDownCluster>());
  catalogs.tasks.add("scaleDownCluster", std::make_unique<ScaleDownClusterTask>(infrastructure));
  catalogs.tasks.add("waitForScaleDownCluster", std::make_unique<WaitForScaleDownCluster>(infrastructure));
}

}  // namespace gennaker::stages
