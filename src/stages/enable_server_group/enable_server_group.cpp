#include "stages/enable_server_group/enable_server_group.h"

#include "base/json.h"
#include "stages/drain.h"
#include "stages/fields.h"
#include "stages/operations.h"
#include "stages/targets.h"

namespace gennaker::stages {
namespace {

class EnableServerGroupStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "enableServerGroup"; }
  bool takes_strategy_parameters() const override { return true; }
  std::vector<std::string_view> aliases() const override { return {"enableAsg"}; }
  engine::Plan plan(const engine::StageView& stage) const override {
    std::optional<clusters::FieldProblem> problem;
    read_percentage(stage.context(), problem);
    if (problem) return refuse(*problem);
    return plan_target_stage(stage, {"enableServerGroup", "waitForUpInstances"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class EnableServerGroup final : public ServerGroupOperation {
 public:
  using ServerGroupOperation::ServerGroupOperation;

 protected:
  std::string_view kind() const override { return clusters::enable_server_group_kind; }
  Intent intend(const runner::TaskContext& context, const clusters::ServerGroupRef& ref,
                const model::ServerGroup* group, const clusters::Snapshot& snapshot) const override {
    if (group == nullptr) need_server_group(snapshot, ref);
    std::optional<clusters::FieldProblem> problem;
    const int percentage = read_percentage(context.stage().context, problem);
    if (percentage == 0) return {.operation = {}, .guarded_verb = "", .nothing_to_do = true};
    return {.operation = clusters::enable_server_group(context.key(kind()), ref, percentage),
            .guarded_verb = ""};
  }
};

}  // namespace

void add_enable_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<EnableServerGroupStage>());
  catalogs.tasks.add("enableServerGroup", std::make_unique<EnableServerGroup>(infrastructure));
}

}  // namespace gennaker::stages
