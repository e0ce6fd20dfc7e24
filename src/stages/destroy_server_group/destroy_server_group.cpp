#include "stages/destroy_server_group/destroy_server_group.h"

#include "base/json.h"
#include "stages/drain.h"
#include "stages/fields.h"
#include "stages/operations.h"
#include "stages/targets.h"

namespace gennaker::stages {
namespace {

class DestroyServerGroupStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "destroyServerGroup"; }
  bool takes_strategy_parameters() const override { return true; }
  std::vector<std::string_view> aliases() const override { return {"destroyAsg"}; }
  engine::Plan plan(const engine::StageView& stage) const override {
    if (base::bool_or(stage.context(), "skipDisableBeforeDestroy", false)) {
      return plan_target_stage(stage, {"destroyServerGroup", "waitForDestroyedServerGroup"});
    }
    return plan_target_stage(stage,
                             {"disableBeforeDestroy", "destroyServerGroup", "waitForDestroyedServerGroup"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class DestroyServerGroup final : public ServerGroupOperation {
 public:
  using ServerGroupOperation::ServerGroupOperation;

 protected:
  std::string_view kind() const override { return clusters::destroy_server_group_kind; }
  Intent intend(const runner::TaskContext& context, const clusters::ServerGroupRef& ref,
                const model::ServerGroup* group, const clusters::Snapshot& snapshot) const override {
    (void)group;  // one that is gone already is a success
    (void)snapshot;
    return {.operation = clusters::destroy_server_group(context.key(kind()), ref),
            .guarded_verb = std::string(clusters::guarded_verb(kind()))};
  }
};

/// Takes the traffic away first, where there is any.
class DisableBeforeDestroy final : public ServerGroupOperation {
 public:
  using ServerGroupOperation::ServerGroupOperation;

 protected:
  std::string_view kind() const override { return clusters::disable_server_group_kind; }
  Intent intend(const runner::TaskContext& context, const clusters::ServerGroupRef& ref,
                const model::ServerGroup* group, const clusters::Snapshot&) const override {
    Intent intent;
    intent.nothing_to_do = group == nullptr || group->disabled;
    intent.operation = clusters::disable_server_group(context.key(kind()), ref, drain_timeout);
    // The traffic goes because the server group does: a refusal speaks of that.
    intent.guarded_verb = clusters::guarded_verb(clusters::destroy_server_group_kind);
    return intent;
  }
};

}  // namespace

void add_destroy_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<DestroyServerGroupStage>());
  catalogs.tasks.add("disableBeforeDestroy", std::make_unique<DisableBeforeDestroy>(infrastructure));
  catalogs.tasks.add("destroyServerGroup", std::make_unique<DestroyServerGroup>(infrastructure));
}

}  // namespace gennaker::stages
