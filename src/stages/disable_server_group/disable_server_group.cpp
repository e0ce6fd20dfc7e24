#include "stages/disable_server_group/disable_server_group.h"

#include "base/json.h"
#include "stages/drain.h"
#include "stages/fields.h"
#include "stages/operations.h"
#include "stages/targets.h"

namespace gennaker::stages {
namespace {

class DisableServerGroupStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "disableServerGroup"; }
  bool takes_strategy_parameters() const override { return true; }
  std::vector<std::string_view> aliases() const override { return {"disableAsg"}; }
  engine::Plan plan(const engine::StageView& stage) const override {
    std::optional<clusters::FieldProblem> problem;
    const int percentage = read_percentage(stage.context(), problem);
    if (problem) return refuse(*problem);
    if (percentage < 100) return plan_target_stage(stage, {"disableServerGroup", "waitForDownInstances"});
    return plan_target_stage(stage,
                             {"disableServerGroup", "waitForDownInstances", "waitForServerGroupDisabled"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class DisableServerGroup final : public ServerGroupOperation {
 public:
  using ServerGroupOperation::ServerGroupOperation;

 protected:
  std::string_view kind() const override { return clusters::disable_server_group_kind; }
  Intent intend(const runner::TaskContext& context, const clusters::ServerGroupRef& ref,
                const model::ServerGroup* group, const clusters::Snapshot& snapshot) const override {
    if (group == nullptr) need_server_group(snapshot, ref);
    std::optional<clusters::FieldProblem> problem;
    const int percentage = read_percentage(context.stage().context, problem);
    if (percentage == 0) return {.operation = {}, .guarded_verb = "", .nothing_to_do = true};
    const int share = clusters::share_of(percentage, group->instances.size());
    const bool all = static_cast<std::size_t>(share) == group->instances.size();
    return {.operation = clusters::disable_server_group(context.key(kind()), ref, drain_timeout, percentage),
            .guarded_verb = std::string(all ? clusters::guarded_verb(kind()) : "")};
  }
};

}  // namespace

void add_disable_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<DisableServerGroupStage>());
  catalogs.tasks.add("disableServerGroup", std::make_unique<DisableServerGroup>(infrastructure));
}

}  // namespace gennaker::stages
