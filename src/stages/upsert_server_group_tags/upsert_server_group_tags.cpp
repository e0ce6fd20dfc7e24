#include "stages/upsert_server_group_tags/upsert_server_group_tags.h"

#include "base/json.h"
#include "stages/fields.h"
#include "stages/operations.h"
#include "stages/targets.h"

namespace gennaker::stages {
namespace {

class UpsertServerGroupTagsStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "upsertServerGroupTags"; }
  std::vector<std::string_view> aliases() const override { return {"upsertAsgTags"}; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const auto* tags = base::find_object(stage.context(), "tags");
    if (tags == nullptr || tags->empty()) {
      return engine::refuse("tags", "an object {name: value} is needed; null takes a tag away");
    }
    return plan_target_stage(stage, {"upsertServerGroupTags"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class UpsertServerGroupTags final : public ServerGroupOperation {
 public:
  using ServerGroupOperation::ServerGroupOperation;

 protected:
  std::string_view kind() const override { return clusters::tag_server_group_kind; }
  Intent intend(const runner::TaskContext& context, const clusters::ServerGroupRef& ref,
                const model::ServerGroup* group, const clusters::Snapshot& snapshot) const override {
    if (group == nullptr) need_server_group(snapshot, ref);
    return {.operation = clusters::tag_server_group(context.key(kind()), ref,
                                                    *base::find_object(context.stage().context, "tags")),
            .guarded_verb = ""};
  }
};

}  // namespace

void add_upsert_server_group_tags(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<UpsertServerGroupTagsStage>());
  catalogs.tasks.add("upsertServerGroupTags", std::make_unique<UpsertServerGroupTags>(infrastructure));
}

}  // namespace gennaker::stages
