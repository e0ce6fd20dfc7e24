#include "stages/resize_server_group/resize_server_group.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "stages/operations.h"
#include "stages/resize_server_group/new_capacity.h"
#include "stages/targets.h"

namespace gennaker::stages {
namespace {

class ResizeServerGroupStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "resizeServerGroup"; }
  bool takes_strategy_parameters() const override { return true; }
  std::vector<std::string_view> aliases() const override { return {"resizeAsg"}; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    std::optional<clusters::FieldProblem> problem;
    const Resize resize = read_resize(context, problem);
    const auto* source = base::find_object(context, "source");
    if (!problem && resize.action == Resize::Action::to_server_group &&
        (source == nullptr || server_group_name_of(*source).empty())) {
      problem = clusters::FieldProblem{"source.serverGroupName", "scale_to_server_group needs the name"};
    }
    if (problem) return refuse(*problem);
    return plan_target_stage(stage, {"resizeServerGroup", "waitForCapacityMatch"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class ResizeServerGroup final : public ServerGroupOperation {
 public:
  using ServerGroupOperation::ServerGroupOperation;

 protected:
  std::string_view kind() const override { return clusters::resize_server_group_kind; }

  Intent intend(const runner::TaskContext& context, const clusters::ServerGroupRef& ref,
                const model::ServerGroup* group, const clusters::Snapshot& snapshot) const override {
    if (group == nullptr) need_server_group(snapshot, ref);
    const json::object& own = context.stage().context;
    Intent intent;
    model::Capacity wanted;
    if (const auto* decided = base::find_object(own, "resizeTo")) {
      wanted = clusters::capacity_of({{"capacity", *decided}});
    } else {
      wanted = decide(own, ref, *group, snapshot);
      intent.context["resizeTo"] = to_json(wanted);
      intent.context["originalCapacity." + ref.name] = to_json(group->capacity);
    }
    intent.operation = clusters::resize_server_group(context.key(kind()), ref, wanted);
    if (wanted.desired == 0) intent.guarded_verb = clusters::guarded_verb(kind());
    return intent;
  }

 private:
  static model::Capacity decide(const json::object& own, const clusters::ServerGroupRef& ref,
                                const model::ServerGroup& group, const clusters::Snapshot& snapshot) {
    std::optional<clusters::FieldProblem> problem;
    const Resize resize = read_resize(own, problem);
    model::Capacity source;
    if (resize.action == Resize::Action::to_server_group) {
      const json::object& named = *base::find_object(own, "source");
      const auto locations = locations_of(named);
      const clusters::ServerGroupRef from{.account = ref.account,
                                          .region = locations.empty() ? ref.region : locations.front(),
                                          .name = server_group_name_of(named)};
      source = need_server_group(snapshot, from).capacity;
    }
    const auto cluster = clusters::server_groups_of_cluster(snapshot, group.moniker.cluster, ref.region);
    return new_capacity(resize, group.capacity, cluster, source);
  }
};

}  // namespace

void add_resize_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<ResizeServerGroupStage>());
  catalogs.tasks.add("resizeServerGroup", std::make_unique<ResizeServerGroup>(infrastructure));
}

}  // namespace gennaker::stages
