#include "stages/wait_for_server_group/wait_for_server_group.h"

#include "stages/fields.h"
#include "stages/targets.h"

namespace gennaker::stages {
namespace {

/// Its only task, which other stages have too, has the stage's name.
class WaitStage final : public engine::Stage {
 public:
  explicit WaitStage(std::string_view type) : type_(type) {}
  std::string_view type() const override { return type_; }
  bool runs_dry(const engine::StageView&) const override { return true; }
  bool takes_strategy_parameters() const override { return true; }
  engine::Plan plan(const engine::StageView& stage) const override {
    return plan_target_stage(stage, {type_});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }

 private:
  const std::string_view type_;
};

}  // namespace

void add_wait_for_server_group(runner::Catalogs& catalogs) {
  for (const std::string_view type : {"waitForUpInstances", "waitForDownInstances", "waitForCapacityMatch"})
    catalogs.stages.add(std::make_unique<WaitStage>(type));
}

}  // namespace gennaker::stages
