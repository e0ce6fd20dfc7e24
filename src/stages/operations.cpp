#include "stages/operations.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/inventory.h"
#include "clusters/nearest_name.h"
#include "stages/cluster_lock.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using base::Error;
using base::Kind;
using clusters::ServerGroupRef;
using runner::TaskContext;
using runner::TaskResult;

std::string name_from_references(const TaskContext& context, std::string_view region) {
  const auto* references = context.value("targetReferences");
  if (references == nullptr || !references->is_array()) return "";
  for (const auto& entry : references->get_array()) {
    const auto* reference = entry.if_object();
    if (reference == nullptr || base::string_or(*reference, "region", "") != region) continue;
    if (const auto* group = base::find_object(*reference, "asg")) return base::string_or(*group, "name", "");
  }
  return "";
}

}  // namespace

ServerGroupRef server_group_of(const TaskContext& context) {
  const json::object& own = context.stage().context;
  ServerGroupRef ref;
  ref.account = account_of(own);
  const auto locations = locations_of(own);
  if (!locations.empty()) ref.region = locations.front();
  ref.name = server_group_name_of(own);
  if (ref.name.empty()) ref.name = name_from_references(context, ref.region);
  if (!ref.name.empty()) return ref;
  throw Error(Kind::invalid,
              fmt::format("stage '{}' ({}): serverGroupName: a value is needed, or `target` with `cluster`",
                          context.stage().ref_id, context.stage().type),
              {{"stage", context.stage().ref_id}, {"field", "serverGroupName"}});
}

json::object server_groups_by_region(const std::vector<ServerGroupRef>& groups) {
  json::object by_region;
  for (const ServerGroupRef& group : groups) {
    auto& names = by_region[group.region];
    if (!names.is_array()) names = json::array{};
    names.get_array().push_back(json::value(group.name));
  }
  return by_region;
}

json::object operation_results(const TaskContext& context, std::string_view kind, const std::string& account,
                               const std::string& key, const json::object& result) {
  json::array tasks;
  if (const auto* before = base::find_array(context.stage().context, "kato.tasks")) tasks = *before;
  json::object status{{"completed", true},
                      {"failed", false},
                      {"retryable", false},
                      {"phase", "ORCHESTRATION"},
                      {"status", "Orchestration completed."}};
  json::array history{json::object{{"phase", kind}, {"status", fmt::format("{} in {}", kind, account)}},
                      json::object{{"phase", "ORCHESTRATION"}, {"status", "Orchestration completed."}}};
  tasks.push_back(json::object{{"id", key},
                               {"status", std::move(status)},
                               {"history", std::move(history)},
                               {"resultObjects", json::array{result}}});
  json::object results;
  results["notification.type"] = fmt::format("{}", kind);
  results["deploy.account.name"] = account;
  results["kato.last.task.id"] = json::object{{"id", key}};
  results["kato.task.lastStatus"] = "SUCCEEDED";
  results["kato.tasks"] = std::move(tasks);
  return results;
}

const model::ServerGroup& need_server_group(const clusters::Snapshot& snapshot, const ServerGroupRef& ref) {
  if (const auto* found = clusters::find_server_group(snapshot, ref.region, ref.name)) return *found;
  std::vector<std::string> known;
  for (const auto& group : snapshot.server_groups) {
    if (clusters::same_name(group.region, ref.region)) known.push_back(group.name);
  }
  throw Error(Kind::not_found,
              fmt::format("account '{}' has no server group '{}' in '{}'{}", ref.account, ref.name,
                          ref.region, clusters::suggestion(ref.name, known)),
              {{"account", ref.account}, {"serverGroupName", ref.name}});
}

base::Async<TaskResult> ServerGroupOperation::run(TaskContext context) {
  const ServerGroupRef ref = server_group_of(context);
  auto locking = wait_for_lock_of(infrastructure_, context, ref);
  if (auto waiting = co_await std::move(locking)) co_return std::move(*waiting);
  auto reading = infrastructure_.clouds.fresh_snapshot(ref.account);
  const auto snapshot = co_await std::move(reading);
  const auto* group = clusters::find_server_group(*snapshot, ref.region, ref.name);
  Intent intent = intend(context, ref, group, *snapshot);
  if (intent.nothing_to_do) co_return runner::succeeded(std::move(intent.context));
  if (!intent.guarded_verb.empty()) {
    std::vector<std::string> names{ref.name};
    auto checking =
        infrastructure_.guards.check(ref.account, ref.region, std::move(names), intent.guarded_verb);
    co_await std::move(checking);
  }
  // What was found is durable before it changes: a repeated attempt must not take its own effect for it.
  for (const auto& member : intent.context) {
    const auto* known = context.stage().context.if_contains(member.key());
    if (known != nullptr) continue;
    co_return runner::again({.after = std::chrono::milliseconds(0), .waiting_for = ""},
                            std::move(intent.context));
  }
  co_return runner::operate(std::move(intent.operation));
}

TaskResult ServerGroupOperation::operated(const TaskContext& context, const json::object& answer) {
  const ServerGroupRef ref = server_group_of(context);
  json::object results = operation_results(context, kind(), ref.account, context.key(kind()), answer);
  results["asgName"] = ref.name;
  results["serverGroupName"] = ref.name;
  results["deploy.server.groups"] = server_groups_by_region({ref});
  if (kind() == clusters::enable_server_group_kind || kind() == clusters::disable_server_group_kind) {
    results[fmt::format("targetop.asg.{}.name", kind())] = ref.name;
    results[fmt::format("targetop.asg.{}.regions", kind())] = json::array{json::value(ref.region)};
  }
  if (const auto* chosen = base::find(answer, "instanceIdsToDisable"))
    results["instanceIdsToDisable"] = *chosen;
  return runner::succeeded(std::move(results));
}

}  // namespace gennaker::stages
