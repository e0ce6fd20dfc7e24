#include "stages/bulk_server_groups/bulk_server_groups.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "clusters/inventory.h"
#include "stages/cluster_lock.h"
#include "stages/cluster_steps.h"
#include "stages/drain.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using clusters::ServerGroupRef;
using runner::TaskContext;
using runner::TaskResult;

constexpr std::string_view names_field = "serverGroupNames";
constexpr std::string_view targets_field = "clusterTargets";
constexpr std::string_view done_field = "clusterTargetsDone";

class BulkStage final : public engine::Stage {
 public:
  BulkStage(std::string_view type, std::string_view wait) : type_(type), wait_(wait) {}
  std::string_view type() const override { return type_; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    if (const auto problem = account_problem(context)) return refuse(*problem);
    if (locations_of(context).size() != 1) return engine::refuse("region", "exactly one region is needed");
    if (base::string_list(context, names_field).empty()) {
      return engine::refuse(std::string(names_field), "a list of names is needed");
    }
    return engine::run_in_order({type_, wait_});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }

 private:
  const std::string_view type_, wait_;
};

/// Acts on one named server group after another. The guard is asked about all of them as one set: each alone
/// might go where all together must not.
class BulkStep : public runner::Task {
 public:
  explicit BulkStep(const Infrastructure& infrastructure) : infrastructure_(infrastructure) {}

  base::Async<TaskResult> run(TaskContext context) final {
    const json::object& own = context.stage().context;
    const std::string account = account_of(own), region = locations_of(own).front();
    std::vector<std::string> names = base::string_list(own, names_field);
    std::vector<clusters::Place> places;
    for (const std::string& name : names) places.push_back(place_of({account, region, name}));
    auto locking = wait_for_locks(infrastructure_, context, std::move(places));
    if (auto waiting = co_await std::move(locking)) co_return std::move(*waiting);
    const std::size_t next = done_count(own);
    std::vector<std::string> left(names.begin() + static_cast<std::ptrdiff_t>(std::min(next, names.size())),
                                  names.end());
    std::string verb(clusters::guarded_verb(kind()));
    auto checking = infrastructure_.guards.check(account, region, std::move(left), std::move(verb));
    co_await std::move(checking);
    if (!own.contains(targets_field)) co_return choose(context, account, region, names);
    if (next >= names.size()) co_return runner::succeeded();
    const ServerGroupRef group{account, region, names[next]};
    co_return runner::operate(operation(context.key(group.name), group));
  }

  TaskResult operated(const TaskContext& context, const json::object& answer) final {
    const json::object& own = context.stage().context;
    const auto names = base::string_list(own, names_field);
    const std::size_t next = done_count(own);
    const std::string& name = names.at(next);
    json::object results = operation_results(context, kind(), account_of(own), context.key(name), answer);
    results[done_field] = next + 1;
    if (next + 1 == names.size()) return runner::succeeded(std::move(results));
    return runner::again({.after = std::chrono::milliseconds(0),
                          .waiting_for = fmt::format("{} of {} server groups done", next + 1, names.size())},
                         std::move(results));
  }

 protected:
  virtual std::string_view kind() const = 0;
  virtual bool may_be_gone() const = 0;
  virtual model::Operation operation(std::string key, const ServerGroupRef& group) const = 0;

 private:
  static std::size_t done_count(const json::object& own) {
    return static_cast<std::size_t>(base::whole_number(own, done_field).value_or(0));
  }
  /// All are there before the first is touched.
  TaskResult choose(const TaskContext&, const std::string& account, const std::string& region,
                    const std::vector<std::string>& names) const {
    const auto snapshot = infrastructure_.clouds.snapshot(account);
    json::array targets;
    std::vector<ServerGroupRef> groups;
    for (const std::string& name : names) {
      const ServerGroupRef group{account, region, name};
      if (!may_be_gone()) need_server_group(*snapshot, group);
      groups.push_back(group);
      targets.push_back(json::object{{"region", region}, {"name", name}});
    }
    json::object found;
    found[targets_field] = std::move(targets);
    found[done_field] = 0;
    found["deploy.server.groups"] = server_groups_by_region(groups);
    return runner::again({.after = std::chrono::milliseconds(0), .waiting_for = ""}, std::move(found));
  }

  const Infrastructure infrastructure_;
};

class BulkDestroy final : public BulkStep {
 public:
  using BulkStep::BulkStep;

 protected:
  std::string_view kind() const override { return clusters::destroy_server_group_kind; }
  bool may_be_gone() const override { return true; }
  model::Operation operation(std::string key, const ServerGroupRef& group) const override {
    return clusters::destroy_server_group(std::move(key), group);
  }
};

class BulkDisable final : public BulkStep {
 public:
  using BulkStep::BulkStep;

 protected:
  std::string_view kind() const override { return clusters::disable_server_group_kind; }
  bool may_be_gone() const override { return false; }
  model::Operation operation(std::string key, const ServerGroupRef& group) const override {
    return clusters::disable_server_group(std::move(key), group, drain_timeout);
  }
};

class WaitForAllDestroyed final : public ClusterWait {
 public:
  using ClusterWait::ClusterWait;

 protected:
  bool reached(const json::object&, const model::ServerGroup* group) const override {
    return group == nullptr;
  }
  std::string_view waiting_for() const override { return "to be gone"; }
};

class WaitForAllDisabled final : public ClusterWait {
 public:
  using ClusterWait::ClusterWait;

 protected:
  bool reached(const json::object&, const model::ServerGroup* group) const override {
    return group == nullptr || group->disabled;
  }
  std::string_view waiting_for() const override { return "to be disabled"; }
};

}  // namespace

void add_bulk_server_groups(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(
      std::make_unique<BulkStage>("bulkDestroyServerGroup", "waitForAllServerGroupsDestroyed"));
  catalogs.stages.add(
      std::make_unique<BulkStage>("bulkDisableServerGroup", "waitForAllServerGroupsDisabled"));
  auto& tasks = catalogs.tasks;
  tasks.add("bulkDestroyServerGroup", std::make_unique<BulkDestroy>(infrastructure));
  tasks.add("bulkDisableServerGroup", std::make_unique<BulkDisable>(infrastructure));
  tasks.add("waitForAllServerGroupsDestroyed", std::make_unique<WaitForAllDestroyed>(infrastructure));
  tasks.add("waitForAllServerGroupsDisabled", std::make_unique<WaitForAllDisabled>(infrastructure));
}

}  // namespace gennaker::stages
