#include "stages/cluster_steps.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json.h"
#include "clusters/inventory.h"
#include "clusters/nearest_name.h"
#include "stages/cluster_lock.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using clusters::ServerGroupRef;
using clusters::ServerGroups;
using runner::TaskContext;
using runner::TaskResult;

bool deploys(const model::Stage& stage) {
  return stage.type == "createServerGroup" || stage.type == "cloneServerGroup" || stage.type == "copyLastAsg";
}

std::vector<ServerGroupRef> chosen(const TaskContext& context) {
  std::vector<ServerGroupRef> groups;
  const json::object& own = context.stage().context;
  const auto* list = base::find_array(own, "clusterTargets");
  if (list == nullptr) return groups;
  for (const auto& entry : *list) {
    if (const auto* group = entry.if_object()) {
      groups.push_back({.account = account_of(own),
                        .region = base::string_or(*group, "region", ""),
                        .name = base::string_or(*group, "name", "")});
    }
  }
  return groups;
}

std::size_t done_count(const TaskContext& context) {
  return static_cast<std::size_t>(
      base::whole_number(context.stage().context, "clusterTargetsDone").value_or(0));
}

std::vector<clusters::Place> places_of(const json::object& own) {
  std::vector<clusters::Place> places;
  for (const std::string& region : locations_of(own))
    places.push_back({account_of(own), region, cluster_of(own)});
  return places;
}

[[noreturn]] void fail_without_cluster(const clusters::Snapshot& snapshot, const std::string& account,
                                       const std::string& cluster, const std::string& region) {
  std::vector<std::string> known;
  for (const auto& group : snapshot.server_groups) {
    const std::string& name = group.moniker.cluster;
    if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  }
  throw base::Error(base::Kind::not_found,
                    fmt::format("cluster '{}' has no server group in {}/{}{}", cluster, account, region,
                                clusters::suggestion(cluster, known)),
                    {{"account", account}, {"cluster", cluster}});
}

}  // namespace

std::vector<std::string> deployed_before(const model::Execution& execution, const model::Stage& stage,
                                         std::string_view account, std::string_view region) {
  std::vector<std::string> names;
  for (const model::Stage* ancestor : engine::ancestors(execution, stage)) {
    if (!deploys(*ancestor) || account_of(ancestor->context) != account) continue;
    const auto* by_region = base::find_object(ancestor->outputs, "deploy.server.groups");
    if (by_region == nullptr) by_region = base::find_object(ancestor->context, "deploy.server.groups");
    if (by_region == nullptr) continue;
    for (std::string& name : base::string_list(*by_region, region)) names.push_back(std::move(name));
  }
  return names;
}

std::optional<clusters::FieldProblem> cluster_stage_problem(const json::object& context,
                                                            std::string_view number_field) {
  if (auto problem = account_problem(context)) return problem;
  if (cluster_of(context).empty())
    return clusters::FieldProblem{"cluster", "the name of a cluster is needed"};
  if (locations_of(context).empty())
    return clusters::FieldProblem{"regions", "at least one region is needed"};
  const auto* number = base::find(context, number_field);
  if (number == nullptr || number->is_null()) return std::nullopt;
  const auto whole = base::whole_number(*number);
  if (whole && *whole >= 0 && *whole <= 1000) return std::nullopt;
  return clusters::FieldProblem{
      std::string(number_field),
      fmt::format("a whole number from 0 to 1000 is needed, not {}", base::to_text(*number))};
}

base::Async<TaskResult> ClusterStep::choose_all(TaskContext context) const {
  const json::object& own = context.stage().context;
  const std::string account = account_of(own), cluster = cluster_of(own);
  auto reading = infrastructure_.clouds.fresh_snapshot(account);
  const auto snapshot = co_await std::move(reading);
  json::array targets;
  std::vector<ServerGroupRef> acted_on, remaining;
  for (const std::string& region : locations_of(own)) {
    const auto all = clusters::server_groups_of_cluster(*snapshot, cluster, region);
    if (all.empty() && !may_find_nothing(own)) fail_without_cluster(*snapshot, account, cluster, region);
    const auto deployed = deployed_before(context.execution(), context.stage(), account, region);
    const ServerGroups selected = choose(own, all, deployed);
    std::vector<std::string> names;
    for (const auto* group : selected) {
      names.push_back(group->name);
      acted_on.push_back({account, region, group->name});
      targets.push_back(json::object{{"region", region}, {"name", group->name}});
    }
    for (const auto* group : all) {
      if (std::find(selected.begin(), selected.end(), group) == selected.end()) {
        remaining.push_back({account, region, group->name});
      }
    }
    std::string verb(guarded_verb());
    auto checking = infrastructure_.guards.check(account, region, std::move(names), std::move(verb));
    co_await std::move(checking);
  }
  json::object found{{"clusterTargets", std::move(targets)}, {"clusterTargetsDone", 0}};
  found["deploy.server.groups"] = server_groups_by_region(acted_on);
  found["remainingDeployServerGroups"] = server_groups_by_region(remaining);
  co_return runner::again({.after = std::chrono::milliseconds(0), .waiting_for = ""}, std::move(found));
}

base::Async<TaskResult> ClusterStep::run(TaskContext context) {
  auto locking = wait_for_locks(infrastructure_, context, places_of(context.stage().context));
  if (auto waiting = co_await std::move(locking)) co_return std::move(*waiting);
  if (!context.stage().context.contains("clusterTargets")) {
    auto choosing = choose_all(context);
    co_return co_await std::move(choosing);
  }
  const auto groups = chosen(context);
  const std::size_t next = done_count(context);
  if (next >= groups.size()) co_return runner::succeeded();
  const ServerGroupRef& group = groups[next];
  // What was allowed when they were chosen may be the last by now: the others may have died meanwhile.
  std::vector<std::string> left;
  for (std::size_t i = next; i < groups.size(); ++i) {
    if (groups[i].region == group.region) left.push_back(groups[i].name);
  }
  std::string verb(guarded_verb());
  auto checking = infrastructure_.guards.check(group.account, group.region, std::move(left), std::move(verb));
  co_await std::move(checking);
  co_return runner::operate(operation(context.key(group.region + "/" + group.name), group));
}

TaskResult ClusterStep::operated(const TaskContext& context, const json::object& answer) {
  const auto groups = chosen(context);
  const std::size_t next = done_count(context);
  const ServerGroupRef& group = groups.at(next);
  json::object results =
      operation_results(context, kind(), group.account, context.key(group.region + "/" + group.name), answer);
  results["clusterTargetsDone"] = next + 1;
  if (next + 1 == groups.size()) return runner::succeeded(std::move(results));
  return runner::again({.after = std::chrono::milliseconds(0),
                        .waiting_for = fmt::format("{} of {} server groups done", next + 1, groups.size())},
                       std::move(results));
}

Verdict ClusterWait::look(const TaskContext& context, const clusters::Snapshot& snapshot) const {
  std::vector<std::string> missing;
  for (const ServerGroupRef& ref : chosen(context)) {
    const auto* group = clusters::find_server_group(snapshot, ref.region, ref.name);
    if (!reached(context.stage().context, group)) missing.push_back(ref.name);
  }
  if (missing.empty()) return {Verdict::What::done, ""};
  return {Verdict::What::waiting, fmt::format("{} {}", fmt::join(missing, ", "), waiting_for())};
}

}  // namespace gennaker::stages
