#include "stages/modify_scaling_process/modify_scaling_process.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "stages/fields.h"
#include "stages/operations.h"
#include "stages/targets.h"
#include "stages/waits.h"

namespace gennaker::stages {
namespace {

using clusters::ProcessAction;
using model::ServerGroup;
using Names = std::vector<std::string>;

bool suspends(const json::object& context) {
  return base::string_or(context, "action", "") == "suspend";
}

/// Those of the stage that are not yet as it wants them.
Names open_processes(const json::object& context, const ServerGroup& group) {
  Names open = base::string_list(context, "processes");
  std::erase_if(open, [&](const std::string& name) {
    const auto& suspended = group.suspended_processes;
    return (std::find(suspended.begin(), suspended.end(), name) != suspended.end()) == suspends(context);
  });
  return open;
}

class ModifyScalingProcessStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "modifyScalingProcess"; }
  std::vector<std::string_view> aliases() const override { return {"modifyAwsScalingProcess"}; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    const std::string action = base::string_or(context, "action", "");
    if (action != "suspend" && action != "resume") {
      return engine::refuse("action", fmt::format("'{}' is not known; there are: suspend, resume", action));
    }
    if (base::string_list(context, "processes").empty()) {
      return engine::refuse("processes", "the name of a process is needed, such as \"Launch\"");
    }
    return plan_target_stage(stage, {"modifyScalingProcess", "waitForScalingProcesses"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

class ModifyScalingProcess final : public ServerGroupOperation {
 public:
  using ServerGroupOperation::ServerGroupOperation;

 protected:
  std::string_view kind() const override { return clusters::set_scaling_processes_kind; }
  Intent intend(const runner::TaskContext& context, const clusters::ServerGroupRef& ref,
                const ServerGroup* group, const clusters::Snapshot& snapshot) const override {
    if (group == nullptr) need_server_group(snapshot, ref);
    const json::object& own = context.stage().context;
    // Decided once: a repeated attempt would find nothing left to do and not say what it did.
    const std::string field = "scalingProcesses." + group->name;
    const bool decided = own.contains(field);
    const Names open = decided ? base::string_list(own, field) : open_processes(own, *group);
    Intent intent;
    intent.nothing_to_do = open.empty();
    if (!decided) intent.context[field] = json::array(open.begin(), open.end());
    intent.operation = clusters::set_scaling_processes(
        context.key(kind()), ref, suspends(own) ? ProcessAction::suspend : ProcessAction::resume, open);
    return intent;
  }
};

class WaitForScalingProcesses final : public InventoryWait {
 public:
  using InventoryWait::InventoryWait;

 protected:
  Verdict look(const runner::TaskContext& context, const clusters::Snapshot& snapshot) const override {
    const ServerGroup& group = need_server_group(snapshot, server_group_of(context));
    if (open_processes(context.stage().context, group).empty()) return {Verdict::What::done, ""};
    return {Verdict::What::waiting, fmt::format("the processes of {} to change", group.name)};
  }
  std::chrono::milliseconds limit(const runner::TaskContext&) const override {
    return std::chrono::minutes(20);
  }
};

}  // namespace

void add_modify_scaling_process(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<ModifyScalingProcessStage>());
  catalogs.tasks.add("modifyScalingProcess", std::make_unique<ModifyScalingProcess>(infrastructure));
  catalogs.tasks.add("waitForScalingProcesses", std::make_unique<WaitForScalingProcesses>(infrastructure));
}

}  // namespace gennaker::stages
