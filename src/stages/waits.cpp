#include "stages/waits.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "clusters/health.h"
#include "clusters/inventory.h"
#include "runner/runner.h"
#include "stages/fields.h"
#include "stages/operations.h"

namespace gennaker::stages {
namespace {

using clusters::ServerGroupRef;
using clusters::Snapshot;
using model::ServerGroup;
using runner::TaskContext;
using runner::TaskResult;
using What = Verdict::What;
using std::chrono::milliseconds;

constexpr milliseconds look_at_least_every{10'000};
constexpr milliseconds instance_limit = std::chrono::hours(2);
constexpr milliseconds group_limit = std::chrono::minutes(30);
/// Our own message is better than the runner's: let it come first.
constexpr milliseconds head_start{30'000};

/// Since the task started, without the last pause.
milliseconds elapsed(const TaskContext& context) {
  if (!context.task().start_time) return milliseconds(0);
  const auto started = *context.task().start_time;
  auto passed = context.now() - started;
  const json::object& paused = context.execution().paused;
  const auto from = base::whole_number(paused, "pauseTime"), to = base::whole_number(paused, "resumeTime");
  if (from && to && *from >= base::to_millis(started) && *to > *from) passed -= milliseconds(*to - *from);
  return passed;
}

std::string in_words(milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (seconds >= 120 && seconds % 60 == 0) return fmt::format("{} minutes", seconds / 60);
  const auto tenths = std::chrono::duration_cast<std::chrono::milliseconds>(time).count() % 1000 / 100;
  return tenths == 0 ? fmt::format("{} s", seconds) : fmt::format("{}.{} s", seconds, tenths);
}

json::object counts_json(const ServerGroup& group) {
  const auto counts = clusters::count_instances(group);
  return {{"up", counts.up},
          {"down", counts.down},
          {"outOfService", counts.out_of_service},
          {"starting", counts.starting},
          {"succeeded", counts.succeeded},
          {"failed", counts.failed},
          {"unknown", counts.unknown}};
}

int percentage_of(const json::object& context) {
  const auto given = base::whole_number(context, "targetHealthyDeployPercentage");
  return given ? static_cast<int>(std::clamp<std::int64_t>(*given, 0, 100)) : 100;
}

/// Of an enabling that gives traffic to a part.
int traffic_percentage(const json::object& context) {
  std::optional<clusters::FieldProblem> problem;
  return read_percentage(context, problem);
}

/// A group that starts without traffic is as good as its processes: that it is out of service is no fault.
int count_ready_without_traffic(const ServerGroup& group) {
  const auto ready = [](const model::Instance& instance) {
    return !instance.health.empty() &&
           std::all_of(instance.health.begin(), instance.health.end(), [](const model::Health& health) {
             return health.state == model::HealthState::up || health.state == model::HealthState::unknown ||
                    health.state == model::HealthState::out_of_service;
           });
  };
  return static_cast<int>(std::count_if(group.instances.begin(), group.instances.end(), ready));
}

milliseconds health_limit(const TaskContext& context, milliseconds usual) {
  return millis_of(context.stage().context, "healthTimeoutMs").value_or(usual);
}

class WaitForUp : public InventoryWait {
 public:
  using InventoryWait::InventoryWait;

 protected:
  Verdict look(const TaskContext& context, const Snapshot& snapshot) const override {
    const ServerGroupRef ref = server_group_of(context);
    return look_for_up(context.stage().context, need_server_group(snapshot, ref));
  }
  milliseconds limit(const TaskContext& context) const override {
    return health_limit(context, instance_limit);
  }
};

/// Of a new server group: it must become healthy soon, and goes if the execution is cancelled before.
class WaitForNewUp final : public WaitForUp {
 public:
  using WaitForUp::WaitForUp;

  base::Async<TaskResult> cancel(TaskContext context) override {
    const json::object& own = context.stage().context;
    const auto created = base::string_member(own, "createdServerGroupName");
    if (!created || base::bool_or(own, "keepFailed", false)) co_return TaskResult{};
    ServerGroupRef ref = server_group_of(context);
    std::vector<std::string> names{ref.name};
    std::string verb(clusters::guarded_verb(clusters::destroy_server_group_kind));
    auto checking = infrastructure().guards.check(ref.account, ref.region, std::move(names), std::move(verb));
    co_await std::move(checking);
    co_return runner::operate(clusters::destroy_server_group(context.key("destroyWhenCancelled"), ref));
  }

 protected:
  milliseconds limit(const TaskContext& context) const override {
    return health_limit(context, infrastructure().health_timeout);
  }
};

class WaitForDown final : public InventoryWait {
 public:
  using InventoryWait::InventoryWait;

 protected:
  Verdict look(const TaskContext& context, const Snapshot& snapshot) const override {
    const ServerGroup& group = need_server_group(snapshot, server_group_of(context));
    const json::object& own = context.stage().context;
    const auto names = health_names_of(own);
    const bool only_chosen = own.contains("instanceIdsToDisable");
    const std::vector<std::string> chosen = base::string_list(own, "instanceIdsToDisable");
    std::size_t wanted = 0, out = 0;
    for (const model::Instance& instance : group.instances) {
      if (only_chosen && std::find(chosen.begin(), chosen.end(), instance.id) == chosen.end()) continue;
      ++wanted;
      if (clusters::is_without_traffic(group, instance, names)) ++out;
    }
    if (out == wanted) return {What::done, ""};
    return {What::waiting, fmt::format("{} of {} instances of {} without traffic", out, wanted, group.name)};
  }
};

class WaitForDisabled final : public InventoryWait {
 public:
  using InventoryWait::InventoryWait;

 protected:
  Verdict look(const TaskContext& context, const Snapshot& snapshot) const override {
    const ServerGroup& group = need_server_group(snapshot, server_group_of(context));
    if (group.disabled) return {What::done, ""};
    return {What::waiting, fmt::format("{} to be disabled", group.name)};
  }
  milliseconds limit(const TaskContext&) const override { return group_limit; }
};

class WaitForDestroyed final : public InventoryWait {
 public:
  using InventoryWait::InventoryWait;

 protected:
  Verdict look(const TaskContext& context, const Snapshot& snapshot) const override {
    const ServerGroupRef ref = server_group_of(context);
    const auto* group = clusters::find_server_group(snapshot, ref.region, ref.name);
    if (group == nullptr) return {What::done, "", {{"remainingInstances", json::array{}}}};
    json::array remaining;
    for (const auto& instance : group->instances) remaining.push_back(json::value(instance.id));
    return {What::waiting, fmt::format("{} to be gone", group->name), {{"remainingInstances", remaining}}};
  }
  milliseconds limit(const TaskContext&) const override { return group_limit; }
};

class WaitForCapacity final : public InventoryWait {
 public:
  using InventoryWait::InventoryWait;

 protected:
  Verdict look(const TaskContext& context, const Snapshot& snapshot) const override {
    const ServerGroup& group = need_server_group(snapshot, server_group_of(context));
    if (clusters::is_being_destroyed(group)) {
      return {What::failed, fmt::format("server group '{}' is being destroyed", group.name)};
    }
    const auto size = static_cast<int>(group.instances.size());
    if (size != group.capacity.desired) {
      return {What::waiting,
              fmt::format("{} instances of {}, {} wanted", size, group.name, group.capacity.desired)};
    }
    if (group.disabled) return {What::done, ""};
    return look_for_up(context.stage().context, group);
  }
  milliseconds limit(const TaskContext& context) const override {
    return health_limit(context, instance_limit);
  }
};

}  // namespace

int target_size(int wanted, int percentage) {
  if (wanted == 0 || percentage == 0) return 0;
  return std::max(1, static_cast<int>(std::lround(wanted * percentage / 100.0)));
}

Verdict look_for_up(const json::object& context, const ServerGroup& group) {
  const auto names = health_names_of(context);
  const bool starts_disabled = base::bool_or(context, "startDisabled", false) && group.disabled && !names;
  const int up = starts_disabled ? count_ready_without_traffic(group) : clusters::count_up(group, names);
  const auto size = static_cast<int>(group.instances.size());
  const int percentage = percentage_of(context);
  const int enabled = clusters::share_of(traffic_percentage(context), group.instances.size());
  const int needed = std::min(target_size(group.capacity.desired, percentage),
                              traffic_percentage(context) == 100 ? INT_MAX : enabled);
  Verdict verdict{What::waiting, fmt::format("{} of {} instances healthy", up, needed)};
  verdict.context = {{"capacitySnapshot", json::object{{"minSize", group.capacity.min},
                                                       {"desiredCapacity", group.capacity.desired},
                                                       {"maxSize", group.capacity.max}}},
                     {"currentInstanceCount", size},
                     {"targetDesiredSize", needed},
                     {"lastCapacityCheck", counts_json(group)}};
  if (size >= needed && up >= needed) {
    verdict.what = What::done;
    return verdict;
  }
  const auto lost =
      static_cast<int>(std::count_if(group.instances.begin(), group.instances.end(), clusters::is_lost));
  if (lost > 0 && group.capacity.desired - lost < needed) {
    verdict.what = What::failed;
    verdict.text =
        fmt::format("server group '{}' cannot become healthy: {} of {} instances up, {} needed: {}",
                    group.name, up, size, needed, clusters::describe_instances(group));
  } else if (up < needed) {
    verdict.text = fmt::format("{} of {} instances of {} healthy", up, needed, group.name);
    verdict.why = clusters::describe_unhealthy(group);
  }
  return verdict;
}

milliseconds InventoryWait::limit(const TaskContext&) const {
  return instance_limit;
}

std::optional<milliseconds> InventoryWait::time_limit(const TaskContext& context) const {
  return limit(context) + head_start;
}

base::Async<TaskResult> InventoryWait::run(TaskContext context) {
  const std::string account = account_of(context.stage().context);
  const auto snapshot = infrastructure_.clouds.snapshot(account);
  Verdict verdict = look(context, *snapshot);
  if (verdict.what == What::done) co_return runner::succeeded(std::move(verdict.context));
  const auto allowed = limit(context), passed = elapsed(context);
  if (verdict.what == What::waiting && passed < allowed) {
    const auto pause = std::min(look_at_least_every, allowed - passed);
    if (!verdict.why.empty()) verdict.text += ": " + verdict.why;
    co_return runner::again(
        {.after = pause, .waiting_for = verdict.text, .wake_on = runner::inventory_word(account)},
        std::move(verdict.context));
  }
  if (verdict.what == What::waiting) {
    if (base::bool_or(context.stage().context, "markSuccessfulOnTimeout", false) ||
        good_enough(context, *snapshot)) {
      co_return runner::succeeded(std::move(verdict.context));
    }
    verdict.text = fmt::format("after {}: {}", in_words(allowed), verdict.text);
    const std::string name = server_group_name_of(context.stage().context);
    for (const auto& group : snapshot->server_groups) {
      if (group.name == name) verdict.text += ": " + clusters::describe_instances(group);
    }
  }
  TaskResult result = runner::failed(context, verdict.text);
  base::merge_into(result.context, verdict.context);
  co_return result;
}

void add_waits(runner::Catalogs& catalogs, const Infrastructure& infrastructure) {
  catalogs.tasks.add("waitForUpInstances", std::make_unique<WaitForUp>(infrastructure));
  catalogs.tasks.add("waitForNewInstances", std::make_unique<WaitForNewUp>(infrastructure));
  catalogs.tasks.add("waitForDownInstances", std::make_unique<WaitForDown>(infrastructure));
  catalogs.tasks.add("waitForServerGroupDisabled", std::make_unique<WaitForDisabled>(infrastructure));
  catalogs.tasks.add("waitForDestroyedServerGroup", std::make_unique<WaitForDestroyed>(infrastructure));
  catalogs.tasks.add("waitForCapacityMatch", std::make_unique<WaitForCapacity>(infrastructure));
}

}  // namespace gennaker::stages
