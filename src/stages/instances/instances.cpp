#include "stages/instances/instances.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json.h"
#include "stages/cluster_lock.h"
#include "stages/fields.h"
#include "stages/instances/instance_fields.h"
#include "stages/operations.h"
#include "stages/waits.h"

namespace gennaker::stages {
namespace {

using base::Error;
using base::Kind;
using clusters::InstancesRef;
using clusters::ServerGroupRef;
using clusters::Snapshot;
using runner::TaskContext;
using runner::TaskResult;
using What = Verdict::What;

constexpr std::string_view before_field = "instancesBefore";
constexpr std::string_view capacity_field = "instancesCapacity";
constexpr std::string_view group_field = "instancesServerGroup";

// --- plans

class InstancesStage final : public engine::Stage {
 public:
  struct Form {
    std::string_view type, alias;
    std::string_view action, wait;
    bool load_balancers = false;  ///< `loadBalancerNames` is needed
  };
  explicit InstancesStage(Form form) : form_(form) {}

  std::string_view type() const override { return form_.type; }
  std::vector<std::string_view> aliases() const override {
    return form_.alias.empty() ? std::vector<std::string_view>{} : std::vector{form_.alias};
  }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (const auto problem = instances_problem(context)) return refuse(*problem);
    if (form_.load_balancers && base::string_list(context, "loadBalancerNames").empty()) {
      return engine::refuse("loadBalancerNames", "the name of a load balancer is needed");
    }
    return engine::run_in_order({form_.action, form_.wait});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }

 private:
  const Form form_;
};

// --- the operations

/// An operation on instances, guarded where it takes traffic away. How they were before is kept first: by
/// that a repeated attempt, and whoever waits, tell what the operation has done.
class InstancesOperation : public runner::Task {
 public:
  explicit InstancesOperation(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<TaskResult> run(TaskContext context) final {
    const json::object& own = context.stage().context;
    InstancesRef ref = instances_in(own);
    infrastructure_.clouds.expect_can(ref.account, kind());
    auto locking = wait_for_locks(infrastructure_, context,
                                  homes_of(ref, *infrastructure_.clouds.snapshot(ref.account)));
    if (auto waiting = co_await std::move(locking)) co_return std::move(*waiting);
    auto reading = infrastructure_.clouds.fresh_snapshot(ref.account);
    const auto snapshot = co_await std::move(reading);
    const auto* kept = base::find_object(own, before_field);
    json::object found;
    if (kept == nullptr) found = prepare(own, *snapshot, ref);
    const json::object before = kept != nullptr ? *kept : found.at(before_field).as_object();
    if (std::string verb(clusters::guarded_verb(kind())); !verb.empty()) {
      auto checking = infrastructure_.guards.check_instances(
          ref.account, ref.region, unchanged(*snapshot, ref, before), std::move(verb));
      co_await std::move(checking);
    }
    if (kept == nullptr) {
      co_return runner::again({.after = std::chrono::milliseconds(0), .waiting_for = ""}, std::move(found));
    }
    co_return runner::operate(operation(context.key(kind()), own, ref));
  }

  TaskResult operated(const TaskContext& context, const json::object& answer) final {
    const InstancesRef ref = instances_in(context.stage().context);
    return runner::succeeded(operation_results(context, kind(), ref.account, context.key(kind()), answer));
  }

 protected:
  virtual std::string_view kind() const = 0;
  virtual model::Operation operation(std::string key, const json::object& own,
                                     const InstancesRef& ref) const = 0;
  /// What is decided once, beside how the instances were. Throws base::Error for what cannot be done.
  virtual json::object decide(const json::object& /*own*/, const Snapshot&, const InstancesRef&) const {
    return {};
  }

 private:
  json::object prepare(const json::object& own, const Snapshot& snapshot, const InstancesRef& ref) const {
    json::object found{{before_field, instances_before(snapshot, ref)}};
    for (auto& member : decide(own, snapshot, ref)) found[member.key()] = std::move(member.value());
    return found;
  }
  /// An instance that is gone since an earlier attempt has its cluster's lock from then.
  static std::vector<clusters::Place> homes_of(const InstancesRef& ref, const Snapshot& snapshot) {
    std::vector<clusters::Place> places;
    for (const std::string& id : ref.ids) {
      const auto* group = find_instance(snapshot, ref.region, id).group;
      if (group != nullptr) places.push_back(place_of({ref.account, group->region, group->name}));
    }
    return places;
  }
  static std::vector<std::string> unchanged(const Snapshot& snapshot, const InstancesRef& ref,
                                            const json::object& before) {
    std::vector<std::string> ids;
    for (const std::string& id : ref.ids) {
      const FoundInstance found = find_instance(snapshot, ref.region, id);
      if (found.instance != nullptr && is_the_same(before, *found.instance)) ids.push_back(id);
    }
    return ids;
  }

  const Infrastructure infrastructure_;
};

class TerminateInstances final : public InstancesOperation {
 public:
  using InstancesOperation::InstancesOperation;

 protected:
  std::string_view kind() const override { return clusters::terminate_instances_kind; }
  model::Operation operation(std::string key, const json::object&, const InstancesRef& ref) const override {
    return clusters::terminate_instances(std::move(key), ref);
  }
};

/// The one server group of the instances. Throws base::Error `invalid`.
const model::ServerGroup& home_of(const json::object& own, const Snapshot& snapshot,
                                  const InstancesRef& ref) {
  const std::string wanted = server_group_name_of(own);
  const model::ServerGroup* home = nullptr;
  for (const std::string& id : ref.ids) {
    const auto* group = find_instance(snapshot, ref.region, id).group;
    const bool fits =
        wanted.empty() ? home == nullptr || home == group : clusters::same_name(group->name, wanted);
    if (!fits) {
      throw Error(Kind::invalid,
                  fmt::format("instanceIds: '{}' belongs to server group '{}', not to '{}'", id, group->name,
                              wanted.empty() ? home->name : wanted),
                  {{"field", "instanceIds"}});
    }
    home = group;
  }
  return *home;
}

ServerGroupRef kept_group(const json::object& own, const InstancesRef& ref) {
  return {.account = ref.account, .region = ref.region, .name = base::string_or(own, group_field, "")};
}

std::optional<model::Capacity> kept_capacity(const json::object& own) {
  const auto* kept = base::find_object(own, capacity_field);
  if (kept == nullptr) return std::nullopt;
  return clusters::capacity_of({{"capacity", *kept}});
}

class TerminateAndDecrement final : public InstancesOperation {
 public:
  using InstancesOperation::InstancesOperation;

 protected:
  std::string_view kind() const override { return clusters::terminate_and_decrement_kind; }
  json::object decide(const json::object& own, const Snapshot& snapshot,
                      const InstancesRef& ref) const override {
    if (ref.ids.size() > 1) {
      throw Error(Kind::invalid, fmt::format("instance: one id is needed, not {}", ref.ids.size()),
                  {{"field", "instance"}});
    }
    const model::ServerGroup& home = home_of(own, snapshot, ref);
    return {{group_field, home.name}, {capacity_field, to_json(smaller_capacity(home, 1, own))}};
  }
  model::Operation operation(std::string key, const json::object& own,
                             const InstancesRef& ref) const override {
    return clusters::terminate_and_decrement(std::move(key), kept_group(own, ref), ref.ids.front(),
                                             kept_capacity(own).value_or(model::Capacity{}));
  }
};

class RebootInstances final : public InstancesOperation {
 public:
  using InstancesOperation::InstancesOperation;

 protected:
  std::string_view kind() const override { return clusters::reboot_instances_kind; }
  model::Operation operation(std::string key, const json::object&, const InstancesRef& ref) const override {
    return clusters::reboot_instances(std::move(key), ref);
  }
};

class DetachInstances final : public InstancesOperation {
 public:
  using InstancesOperation::InstancesOperation;

 protected:
  std::string_view kind() const override { return clusters::detach_instances_kind; }
  json::object decide(const json::object& own, const Snapshot& snapshot,
                      const InstancesRef& ref) const override {
    const model::ServerGroup& home = home_of(own, snapshot, ref);
    json::object decided{{group_field, home.name}};
    if (base::bool_or(own, "decrementDesiredCapacity", false)) {
      decided[capacity_field] = to_json(smaller_capacity(home, static_cast<int>(ref.ids.size()), own));
    }
    return decided;
  }
  model::Operation operation(std::string key, const json::object& own,
                             const InstancesRef& ref) const override {
    clusters::Detachment detachment;
    detachment.group = kept_group(own, ref);
    detachment.ids = ref.ids;
    detachment.terminate = base::bool_or(own, "terminateDetachedInstances", false);
    detachment.capacity = kept_capacity(own);
    return clusters::detach_instances(std::move(key), detachment);
  }
};

/// Throws base::Error `invalid` for a load balancer that has nothing to do with an instance.
void expect_load_balancers(const json::object& own, const Snapshot& snapshot, const InstancesRef& ref) {
  for (const std::string& id : ref.ids) {
    const model::ServerGroup& group = *find_instance(snapshot, ref.region, id).group;
    for (const std::string& name : base::string_list(own, "loadBalancerNames")) {
      const auto& used = group.load_balancers;
      if (std::find(used.begin(), used.end(), name) != used.end()) continue;
      throw Error(
          Kind::invalid,
          fmt::format("loadBalancerNames: server group '{}' of instance '{}' does not use '{}'; it uses: {}",
                      group.name, id, name, used.empty() ? "none" : fmt::format("{}", fmt::join(used, ", "))),
          {{"field", "loadBalancerNames"}});
    }
  }
}

class RegisterInstances final : public InstancesOperation {
 public:
  using InstancesOperation::InstancesOperation;

 protected:
  std::string_view kind() const override { return clusters::register_instances_kind; }
  json::object decide(const json::object& own, const Snapshot& snapshot,
                      const InstancesRef& ref) const override {
    expect_load_balancers(own, snapshot, ref);
    for (const std::string& id : ref.ids) {
      const model::ServerGroup& group = *find_instance(snapshot, ref.region, id).group;
      if (!group.disabled) continue;
      throw Error(
          Kind::conflict,
          fmt::format("instanceIds: server group '{}' of instance '{}' is disabled; enable it instead",
                      group.name, id));
    }
    return {};
  }
  model::Operation operation(std::string key, const json::object& own,
                             const InstancesRef& ref) const override {
    return clusters::register_instances(std::move(key), ref, base::string_list(own, "loadBalancerNames"));
  }
};

class DeregisterInstances final : public InstancesOperation {
 public:
  using InstancesOperation::InstancesOperation;

 protected:
  std::string_view kind() const override { return clusters::deregister_instances_kind; }
  json::object decide(const json::object& own, const Snapshot& snapshot,
                      const InstancesRef& ref) const override {
    expect_load_balancers(own, snapshot, ref);
    return {};
  }
  model::Operation operation(std::string key, const json::object& own,
                             const InstancesRef& ref) const override {
    return clusters::deregister_instances(std::move(key), ref, base::string_list(own, "loadBalancerNames"));
  }
};

// --- the waits

class InstancesWait : public InventoryWait {
 public:
  using InventoryWait::InventoryWait;

 protected:
  Verdict look(const TaskContext& context, const Snapshot& snapshot) const final {
    const json::object& own = context.stage().context;
    const InstancesRef ref = instances_in(own);
    const auto* before = base::find_object(own, before_field);
    std::vector<std::string> left;
    for (const std::string& id : ref.ids) {
      const FoundInstance found = find_instance(snapshot, ref.region, id);
      if (!reached(own, before != nullptr ? *before : json::object(), found)) left.push_back(id);
    }
    json::object told = tell(left);
    if (left.empty()) return {What::done, "", std::move(told)};
    return {What::waiting, fmt::format("{} {}", fmt::join(left, ", "), waiting_for()), std::move(told)};
  }
  std::chrono::milliseconds limit(const TaskContext&) const override { return std::chrono::hours(1); }

  virtual bool reached(const json::object& own, const json::object& before,
                       const FoundInstance& found) const = 0;
  virtual std::string_view waiting_for() const = 0;
  virtual json::object tell(const std::vector<std::string>& /*left*/) const { return {}; }
};

class WaitForTerminated final : public InstancesWait {
 public:
  using InstancesWait::InstancesWait;

 protected:
  bool reached(const json::object&, const json::object& before, const FoundInstance& found) const override {
    return found.instance == nullptr || !is_the_same(before, *found.instance);
  }
  std::string_view waiting_for() const override { return "to be gone"; }
  json::object tell(const std::vector<std::string>& left) const override {
    return {{"terminate.remaining.instances", json::array(left.begin(), left.end())}};
  }
};

class WaitForRebooted final : public InstancesWait {
 public:
  using InstancesWait::InstancesWait;

 protected:
  bool reached(const json::object& own, const json::object& before,
               const FoundInstance& found) const override {
    if (found.instance == nullptr || is_the_same(before, *found.instance)) return false;
    return found.group->disabled || clusters::is_up(*found.instance, health_names_of(own));
  }
  std::string_view waiting_for() const override { return "to be up again"; }
};

/// Load balancers decide, unless the stage names others.
clusters::HealthNames traffic_names(const json::object& own) {
  auto names = health_names_of(own);
  if (names) return names;
  return std::vector<std::string>{"LoadBalancer", "TargetGroup"};
}

class WaitForRegistered final : public InstancesWait {
 public:
  using InstancesWait::InstancesWait;

 protected:
  bool reached(const json::object& own, const json::object&, const FoundInstance& found) const override {
    return found.instance != nullptr && clusters::is_up(*found.instance, traffic_names(own));
  }
  std::string_view waiting_for() const override { return "to be up"; }
};

class WaitForDeregistered final : public InstancesWait {
 public:
  using InstancesWait::InstancesWait;

 protected:
  bool reached(const json::object& own, const json::object&, const FoundInstance& found) const override {
    if (found.instance == nullptr || has_others(*found.group, own)) return true;
    return clusters::is_down(*found.instance, traffic_names(own));
  }
  std::string_view waiting_for() const override { return "to be without traffic"; }

 private:
  /// Then its health goes on speaking of those.
  static bool has_others(const model::ServerGroup& group, const json::object& own) {
    const auto left = base::string_list(own, "loadBalancerNames");
    return std::any_of(
        group.load_balancers.begin(), group.load_balancers.end(),
        [&](const std::string& name) { return std::find(left.begin(), left.end(), name) == left.end(); });
  }
};

constexpr InstancesStage::Form forms[] = {
    {"terminateInstances", "", "terminateInstances", "waitForTerminatedInstances"},
    {"terminateInstanceAndDecrementServerGroup", "terminateInstanceAndDecrementAsg",
     "terminateInstanceAndDecrementServerGroup", "waitForTerminatedInstances"},
    {"rebootInstances", "", "rebootInstances", "waitForRebootedInstances"},
    {"detachInstances", "", "detachInstances", "waitForTerminatedInstances"},
    {"registerInstancesWithLoadBalancer", "", "registerInstancesWithLoadBalancer",
     "waitForRegisteredInstances", true},
    {"deregisterInstancesFromLoadBalancer", "", "deregisterInstancesFromLoadBalancer",
     "waitForDeregisteredInstances", true},
};

}  // namespace

void add_instances(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  for (const auto& form : forms) catalogs.stages.add(std::make_unique<InstancesStage>(form));
  auto& tasks = catalogs.tasks;
  tasks.add("terminateInstances", std::make_unique<TerminateInstances>(infrastructure));
  tasks.add("terminateInstanceAndDecrementServerGroup",
            std::make_unique<TerminateAndDecrement>(infrastructure));
  tasks.add("rebootInstances", std::make_unique<RebootInstances>(infrastructure));
  tasks.add("detachInstances", std::make_unique<DetachInstances>(infrastructure));
  tasks.add("registerInstancesWithLoadBalancer", std::make_unique<RegisterInstances>(infrastructure));
  tasks.add("deregisterInstancesFromLoadBalancer", std::make_unique<DeregisterInstances>(infrastructure));
  tasks.add("waitForTerminatedInstances", std::make_unique<WaitForTerminated>(infrastructure));
  tasks.add("waitForRebootedInstances", std::make_unique<WaitForRebooted>(infrastructure));
  tasks.add("waitForRegisteredInstances", std::make_unique<WaitForRegistered>(infrastructure));
  tasks.add("waitForDeregisteredInstances", std::make_unique<WaitForDeregistered>(infrastructure));
}

}  // namespace gennaker::stages
