#include "stages/determine_target_server_group/determine_target_server_group.h"

#include <fmt/format.h>

#include "base/json.h"
#include "clusters/inventory.h"
#include "stages/fields.h"
#include "stages/targets.h"

namespace gennaker::stages {
namespace {

using runner::TaskContext;
using runner::TaskResult;

const std::string determine_type = "determineTargetServerGroup";

class DetermineTargetStage final : public engine::Stage {
 public:
  std::string_view type() const override { return determine_type; }
  bool takes_strategy_parameters() const override { return true; }
  bool runs_dry(const engine::StageView&) const override { return true; }
  std::vector<std::string_view> aliases() const override { return {"determineTargetReference"}; }
  engine::Plan plan(const engine::StageView& stage) const override {
    if (const auto problem = account_problem(stage.context())) return refuse(*problem);
    if (const auto problem = target_problem(stage.context())) return refuse(*problem);
    return engine::run_in_order({determine_type});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class DetermineTarget final : public runner::Task {
 public:
  explicit DetermineTarget(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<TaskResult> run(TaskContext context) override {
    const json::object& own = context.stage().context;
    const std::string account = account_of(own), cluster = cluster_of(own);
    auto reading = infrastructure_.clouds.fresh_snapshot(account);
    const auto snapshot = co_await std::move(reading);
    const auto word = clusters::parse_target(base::string_or(own, "target", ""));
    const clusters::TargetOptions options{.only_enabled = base::bool_or(own, "onlyEnabled", false),
                                          .validate_oldest = base::bool_or(own, "validateOldest", true)};
    json::array references;
    for (const std::string& region : locations_of(own)) {
      const auto groups = clusters::server_groups_of_cluster(*snapshot, cluster, region);
      const auto found = clusters::resolve_target(groups, word->target, options);
      if (found.group == nullptr) {
        co_return runner::failed(context, fmt::format("unable to locate {} of cluster '{}' in {}/{}: {}",
                                                      base::string_or(own, "target", ""), cluster, account,
                                                      region, found.problem));
      }
      references.push_back(json::object{{"region", region},
                                        {"location", region},
                                        {"cloudProvider", found.group->provider},
                                        {"asg", json::object{{"name", found.group->name}}}});
    }
    json::object result{{"targetReferences", std::move(references)}};
    co_return runner::succeeded(result, result);
  }

 private:
  const Infrastructure infrastructure_;
};

}  // namespace

void add_determine_target_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<DetermineTargetStage>());
  catalogs.tasks.add(determine_type, std::make_unique<DetermineTarget>(infrastructure));
}

}  // namespace gennaker::stages
