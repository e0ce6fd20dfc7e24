#include "stages/pin_server_group/pin_server_group.h"

#include <algorithm>

#include "base/json.h"
#include "clusters/inventory.h"
#include "stages/companion.h"
#include "stages/fields.h"
#include "stages/operations.h"
#include "stages/targets.h"

namespace gennaker::stages {
namespace {

using clusters::ServerGroupRef;
using clusters::Snapshot;
using model::Capacity;
using model::ServerGroup;
using runner::TaskContext;

constexpr std::string_view snapshot_field = "sourceServerGroupCapacitySnapshot";
constexpr std::string_view decided_field = "resizeTo";

std::string original_field(const std::string& name) {
  return "originalCapacity." + name;
}

class TargetStage final : public engine::Stage {
 public:
  TargetStage(std::string_view type, std::string_view task) : type_(type), task_(task) {}
  std::string_view type() const override { return type_; }
  engine::Plan plan(const engine::StageView& stage) const override {
    return plan_target_stage(stage, {task_});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }

 private:
  const std::string_view type_, task_;
};

/// A resize whose size is decided once, so that a repeated attempt does not take its own effect for what was.
class CapacityChange : public ServerGroupOperation {
 public:
  using ServerGroupOperation::ServerGroupOperation;

 protected:
  std::string_view kind() const override { return clusters::resize_server_group_kind; }

  Intent intend(const TaskContext& context, const ServerGroupRef& ref, const ServerGroup* group,
                const Snapshot& snapshot) const override {
    Intent intent;
    if (group == nullptr && may_be_gone()) {
      intent.nothing_to_do = true;
      return intent;
    }
    if (group == nullptr) need_server_group(snapshot, ref);
    Capacity wanted;
    if (const auto* decided = base::find_object(context.stage().context, decided_field)) {
      wanted = clusters::capacity_of({{"capacity", *decided}});
    } else {
      wanted = decide(context, *group);
      intent.context[decided_field] = to_json(wanted);
      if (keeps_original()) intent.context[original_field(group->name)] = to_json(group->capacity);
      intent.nothing_to_do = wanted.min == group->capacity.min && wanted.max == group->capacity.max;
    }
    intent.operation = clusters::resize_server_group(context.key(kind()), ref, wanted);
    return intent;
  }

  /// Its desired size is the group's own.
  virtual Capacity decide(const TaskContext& context, const ServerGroup& group) const = 0;
  virtual bool may_be_gone() const { return false; }
  virtual bool keeps_original() const { return false; }
};

/// What the capacity was before it was pinned, as this stage or one before it knows.
std::optional<int> original(const TaskContext& context, const std::string& name, std::string_view member) {
  for (const std::string& field :
       {original_field(name), std::string("savedCapacity"), std::string(snapshot_field)}) {
    const auto* value = context.value(field);
    const auto* capacity = value != nullptr ? value->if_object() : nullptr;
    const auto number = capacity != nullptr ? base::whole_number(*capacity, member) : std::nullopt;
    if (number) return static_cast<int>(*number);
  }
  return std::nullopt;
}

/// The bounds as they were, as far as they hold what there is.
Capacity unpinned(const TaskContext& context, const ServerGroup& group) {
  Capacity capacity = group.capacity;
  capacity.min = std::min(capacity.min, original(context, group.name, "min").value_or(capacity.min));
  capacity.max = std::max(capacity.max, original(context, group.name, "max").value_or(capacity.max));
  return capacity;
}

class PinServerGroup final : public CapacityChange {
 public:
  using CapacityChange::CapacityChange;

 protected:
  Capacity decide(const TaskContext& context, const ServerGroup& group) const override {
    const json::object& own = context.stage().context;
    if (base::bool_or(own, "unpinCapacity", false)) return unpinned(context, group);
    Capacity capacity = group.capacity;
    if (base::bool_or(own, "unpinMinimumCapacity", false)) {
      const auto before = original(context, group.name, "min");
      if (before) capacity.min = std::min(capacity.min, *before);  // never raised
      return capacity;
    }
    capacity.min = capacity.desired;
    if (base::bool_or(own, "pinCapacity", false)) capacity.max = capacity.desired;
    return capacity;
  }
  bool keeps_original() const override { return true; }
};

/// Best effort: whoever lost its source has nothing to give back.
class ApplySourceCapacity final : public CapacityChange {
 public:
  using CapacityChange::CapacityChange;

 protected:
  Capacity decide(const TaskContext& context, const ServerGroup& group) const override {
    Capacity capacity = group.capacity;
    const auto* value = context.value(snapshot_field);
    const auto* snapshot = value != nullptr ? value->if_object() : nullptr;
    const auto min = snapshot != nullptr ? base::whole_number(*snapshot, "min") : std::nullopt;
    if (min) capacity.min = std::min(capacity.min, static_cast<int>(*min));
    return capacity;
  }
  bool may_be_gone() const override { return true; }
};

class CaptureSourceCapacity final : public runner::Task {
 public:
  explicit CaptureSourceCapacity(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<runner::TaskResult> run(TaskContext context) override {
    const ServerGroupRef ref = server_group_of(context);
    auto reading = infrastructure_.clouds.fresh_snapshot(ref.account);
    const auto snapshot = co_await std::move(reading);
    const ServerGroup& group = need_server_group(*snapshot, ref);
    json::object captured;
    captured[snapshot_field] = to_json(group.capacity);
    captured[original_field(group.name)] = to_json(group.capacity);
    co_return runner::succeeded(captured, captured);
  }

 private:
  const Infrastructure infrastructure_;
};

/// Unpins when the execution is cancelled.
class KeepPinned final : public Companion {
 public:
  explicit KeepPinned(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<runner::TaskResult> cancel(TaskContext context) override {
    const ServerGroupRef ref = server_group_of(context);
    auto reading = infrastructure_.clouds.fresh_snapshot(ref.account);
    const auto snapshot = co_await std::move(reading);
    const auto* group = clusters::find_server_group(*snapshot, ref.region, ref.name);
    if (group == nullptr) co_return runner::TaskResult{};
    const Capacity free = unpinned(context, *group);
    if (free.min == group->capacity.min && free.max == group->capacity.max) co_return runner::TaskResult{};
    co_return runner::operate(clusters::resize_server_group(context.key("unpinWhenCancelled"), ref, free));
  }

 private:
  const Infrastructure infrastructure_;
};

class KeepPinnedStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "keepPinned"; }
  engine::Plan plan(const engine::StageView& stage) const override {
    if (const auto problem = account_problem(stage.context())) return refuse(*problem);
    if (stage.stage().parent_id.empty())
      return engine::refuse("type", "it is a deployment's own: use pinServerGroup");
    return engine::run_in_order({"keepPinned"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

/// `source` names the server group, as in what createServerGroup writes.
class CaptureStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "captureSourceServerGroupCapacity"; }
  bool runs_dry(const engine::StageView&) const override { return true; }
  void begin(model::Stage& stage) const override {
    const auto* source = base::find_object(stage.context, "source");
    if (source == nullptr || !server_group_name_of(stage.context).empty()) return;
    stage.context["serverGroupName"] = server_group_name_of(*source);
    if (account_of(stage.context).empty()) stage.context["account"] = account_of(*source);
    const auto locations = locations_of(*source);
    if (locations_of(stage.context).empty() && !locations.empty())
      stage.context["region"] = locations.front();
  }
  engine::Plan plan(const engine::StageView& stage) const override {
    return plan_target_stage(stage, {"captureSourceServerGroupCapacity"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

}  // namespace

void add_pin_server_group(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<TargetStage>("pinServerGroup", "pinServerGroup"));
  catalogs.stages.add(std::make_unique<TargetStage>("applySourceServerGroupCapacity", "restoreMinCapacity"));
  catalogs.stages.add(std::make_unique<CaptureStage>());
  catalogs.stages.add(std::make_unique<KeepPinnedStage>());
  catalogs.tasks.add("keepPinned", std::make_unique<KeepPinned>(infrastructure));
  catalogs.tasks.add("pinServerGroup", std::make_unique<PinServerGroup>(infrastructure));
  catalogs.tasks.add("restoreMinCapacity", std::make_unique<ApplySourceCapacity>(infrastructure));
  catalogs.tasks.add("captureSourceServerGroupCapacity",
                     std::make_unique<CaptureSourceCapacity>(infrastructure));
}

}  // namespace gennaker::stages
