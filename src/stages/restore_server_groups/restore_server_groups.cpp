#include "stages/restore_server_groups/restore_server_groups.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/health.h"
#include "clusters/inventory.h"
#include "stages/cluster_lock.h"
#include "stages/fields.h"
#include "stages/operation_list.h"
#include "stages/operations.h"
#include "stages/waits.h"

namespace gennaker::stages {
namespace {

using clusters::FieldProblem;
using clusters::Snapshot;
using model::ServerGroup;
using runner::TaskContext;

constexpr std::string_view groups_field = "serverGroups";

/// How one was before.
struct Before {
  std::string name;
  model::Capacity capacity;
  bool enabled = false;
};

std::vector<Before> read_before(const json::object& context, std::optional<FieldProblem>& problem) {
  std::vector<Before> all;
  const auto* list = base::find_array(context, groups_field);
  if (list == nullptr) {
    problem =
        FieldProblem{std::string(groups_field), "a list of {serverGroupName, capacity, enabled} is needed"};
    return all;
  }
  for (const json::value& entry : *list) {
    const std::string field = fmt::format("{}[{}]", groups_field, all.size());
    const auto* object = entry.if_object();
    Before before;
    if (object != nullptr) before.name = server_group_name_of(*object);
    if (before.name.empty()) {
      problem = FieldProblem{field, "an object with serverGroupName is needed"};
      return all;
    }
    const auto capacity = read_capacity(*object, "capacity", problem);
    if (!problem && !capacity) problem = FieldProblem{field + ".capacity", "min, max and desired are needed"};
    if (problem) return all;
    before.capacity = *capacity;
    before.enabled = base::bool_or(*object, "enabled", false);
    all.push_back(std::move(before));
  }
  return all;
}

std::vector<Before> before_of(const TaskContext& context) {
  std::optional<FieldProblem> problem;
  return read_before(context.stage().context, problem);
}

const ServerGroup* find(const TaskContext& context, const Snapshot& snapshot, const std::string& name) {
  return clusters::find_server_group(snapshot, locations_of(context.stage().context).front(), name);
}

bool same(const model::Capacity& one, const model::Capacity& other) {
  return one.min == other.min && one.max == other.max && one.desired == other.desired;
}

/// Gets all the traffic that it can get.
bool has_all_traffic(const ServerGroup& group) {
  return !group.disabled && std::none_of(group.instances.begin(), group.instances.end(), [](const auto& one) {
    return one.state == model::HealthState::out_of_service;
  });
}

class RestoreServerGroups final : public engine::Stage {
 public:
  std::string_view type() const override { return "restoreServerGroups"; }
  engine::Plan plan(const engine::StageView& stage) const override {
    const json::object& context = stage.context();
    auto problem = account_problem(context);
    if (!problem && locations_of(context).size() != 1)
      problem = FieldProblem{"region", "exactly one region is needed"};
    if (!problem) read_before(context, problem);
    if (problem) return refuse(*problem);
    return engine::run_in_order({"restoreCapacity", "restoreTraffic", "waitForRestoredServerGroups"});
  }
  void prepare_restart(model::Stage& stage) const override { forget_results(stage); }
};

/// What serves now keeps serving when what served before cannot come back: then nothing is done at all.
class Restoring : public OperationList {
 public:
  using OperationList::OperationList;

 protected:
  std::optional<clusters::Place> place(const TaskContext& context) const override {
    const auto groups = before_of(context);
    if (groups.empty()) return std::nullopt;
    const json::object& own = context.stage().context;
    return place_of({account_of(own), locations_of(own).front(), groups.front().name});
  }
  Decision decide(const TaskContext& context, const Snapshot& snapshot) const override {
    Decision decision;
    for (const Before& before : before_of(context)) {
      const ServerGroup* group = find(context, snapshot, before.name);
      if (group != nullptr) {
        if (needs_it(before, *group)) decision.items.push_back(item(before));
      } else if (before.enabled) {
        throw base::Error(
            base::Kind::not_found,
            fmt::format("{} served before and is gone: nothing is restored, and what serves now "
                        "goes on serving",
                        before.name),
            {{"serverGroupName", before.name}});
      }
    }
    return decision;
  }
  static clusters::ServerGroupRef ref_of(const TaskContext& context, const json::object& item) {
    const json::object& own = context.stage().context;
    return {.account = account_of(own),
            .region = locations_of(own).front(),
            .name = base::string_or(item, "serverGroupName", "")};
  }

 private:
  virtual bool needs_it(const Before& before, const ServerGroup& group) const = 0;
  virtual json::object item(const Before& before) const = 0;
};

class RestoreCapacity final : public Restoring {
 public:
  using Restoring::Restoring;

 private:
  std::string_view kind() const override { return clusters::resize_server_group_kind; }
  bool needs_it(const Before& before, const ServerGroup& group) const override {
    return !same(before.capacity, group.capacity);
  }
  json::object item(const Before& before) const override {
    return {{"serverGroupName", before.name}, {"capacity", to_json(before.capacity)}};
  }
  model::Operation operation(std::string key, const TaskContext& context,
                             const json::object& item) const override {
    return clusters::resize_server_group(std::move(key), ref_of(context, item), clusters::capacity_of(item));
  }
};

class RestoreTraffic final : public Restoring {
 public:
  using Restoring::Restoring;

 private:
  std::string_view kind() const override { return clusters::enable_server_group_kind; }
  bool needs_it(const Before& before, const ServerGroup& group) const override {
    return before.enabled && !has_all_traffic(group);
  }
  json::object item(const Before& before) const override { return {{"serverGroupName", before.name}}; }
  model::Operation operation(std::string key, const TaskContext& context,
                             const json::object& item) const override {
    return clusters::enable_server_group(std::move(key), ref_of(context, item));
  }
};

class WaitForRestored final : public InventoryWait {
 public:
  using InventoryWait::InventoryWait;

 protected:
  Verdict look(const TaskContext& context, const Snapshot& snapshot) const override {
    std::vector<std::string> missing;
    for (const Before& before : before_of(context)) {
      const ServerGroup* group = find(context, snapshot, before.name);
      if (group == nullptr && !before.enabled) continue;
      if (group == nullptr) return {Verdict::What::failed, fmt::format("{} is gone", before.name)};
      const auto size = static_cast<int>(group->instances.size());
      if (size != before.capacity.desired) {
        missing.push_back(
            fmt::format("{} of {} instances of {}", size, before.capacity.desired, before.name));
      } else if (before.enabled) {
        const Verdict up = look_for_up(context.stage().context, *group);
        if (up.what == Verdict::What::failed) return up;
        if (up.what == Verdict::What::waiting) missing.push_back(up.text);
      }
    }
    if (missing.empty()) return {Verdict::What::done, ""};
    return {Verdict::What::waiting, fmt::format("{}", fmt::join(missing, ", "))};
  }
  std::chrono::milliseconds limit(const TaskContext& context) const override {
    return millis_of(context.stage().context, "healthTimeoutMs").value_or(infrastructure().health_timeout);
  }
  /// What died by itself meanwhile nobody restores: the traffic is back where it was, and some serve it.
  bool good_enough(const TaskContext& context, const Snapshot& snapshot) const override {
    int up = 0;
    for (const Before& before : before_of(context)) {
      const ServerGroup* group = find(context, snapshot, before.name);
      if (!before.enabled) continue;
      if (group == nullptr || !has_all_traffic(*group)) return false;
      up += clusters::count_up(*group, health_names_of(context.stage().context));
    }
    return up > 0;
  }
};

}  // namespace

void add_restore_server_groups(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.stages.add(std::make_unique<RestoreServerGroups>());
  catalogs.tasks.add("restoreCapacity", std::make_unique<RestoreCapacity>(infrastructure));
  catalogs.tasks.add("restoreTraffic", std::make_unique<RestoreTraffic>(infrastructure));
  catalogs.tasks.add("waitForRestoredServerGroups", std::make_unique<WaitForRestored>(infrastructure));
}

}  // namespace gennaker::stages
