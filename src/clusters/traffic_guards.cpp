#include "clusters/traffic_guards.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "clusters/health.h"
#include "clusters/operations.h"

namespace gennaker::clusters {
namespace {

using model::ServerGroup;

bool matches(const json::object& rule, std::string_view field, std::string_view value) {
  const std::string wanted = base::string_or(rule, field, "");
  return wanted == "*" || same_name(wanted, value);
}

/// A baseline or a canary serves beside what a guard with "*" is there for, and is meant to go.
bool is_sample(const model::Moniker& cluster) {
  const std::string& detail = cluster.detail;
  return detail == "baseline" || detail == "canary" || detail.ends_with("-baseline") ||
         detail.ends_with("-canary");
}

bool covers_detail(const json::object& rule, const model::Moniker& cluster) {
  if (is_sample(cluster)) return same_name(base::string_or(rule, "detail", ""), cluster.detail);
  return matches(rule, "detail", cluster.detail);
}

int serving(const ServerGroup& group) {
  return group.disabled ? 0 : count_instances(group).up;
}

int serving(const ServerGroups& groups) {
  int total = 0;
  for (const ServerGroup* group : groups) total += serving(*group);
  return total;
}

/// Twins that replace each other: all of one fixed size.
bool pinned_twins(const ServerGroups& groups) {
  return groups.size() > 1 && std::all_of(groups.begin(), groups.end(), [&](const ServerGroup* group) {
           return is_pinned(*group) && group->capacity.desired == groups[0]->capacity.desired;
         });
}

std::string by_whom(const std::string& user) {
  return user.empty() ? "" : fmt::format(" (set by {})", user);
}

struct Verb {
  std::string_view kind, verb;
};

constexpr Verb verbs[] = {
    {disable_server_group_kind, "Disabling"},
    {destroy_server_group_kind, "Destroying"},
    {resize_server_group_kind, "Removal of all instances in"},
    {terminate_instances_kind, "Terminating all instances in"},
    {terminate_and_decrement_kind, "Terminating all instances in"},
    {detach_instances_kind, "Detaching all instances of"},
    {deregister_instances_kind, "Deregistering all instances of"},
};

}  // namespace

std::string_view guarded_verb(std::string_view kind) {
  for (const Verb& entry : verbs) {
    if (entry.kind == kind) return entry.verb;
  }
  return "";
}

json::array rules_of_cluster(const json::array& rules, const model::Moniker& cluster,
                             std::string_view account, std::string_view location) {
  json::array covering;
  for (const json::value& entry : rules) {
    const auto* rule = entry.if_object();
    if (rule != nullptr && base::bool_or(*rule, "enabled", true) && matches(*rule, "account", account) &&
        matches(*rule, "location", location) && matches(*rule, "stack", cluster.stack) &&
        covers_detail(*rule, cluster)) {
      covering.push_back(entry);
    }
  }
  return covering;
}

bool is_guarded(const json::array& rules, const model::Moniker& cluster, std::string_view account,
                std::string_view location) {
  return !rules_of_cluster(rules, cluster, account, location).empty();
}

std::optional<std::string> why_denied(const GuardQuestion& question) {
  const int current = serving(question.cluster);
  if (current == 0) return std::nullopt;
  const int future = current - serving(question.going_away);
  if (future == current) return std::nullopt;
  if (future > 0 && pinned_twins(question.going_away)) return std::nullopt;
  if (static_cast<double>(future) / current > question.min_capacity_ratio) return std::nullopt;

  std::vector<std::string> names;
  for (const ServerGroup* group : question.going_away) names.push_back(group->name);
  const std::string left =
      future == 0 ? std::string("no instances up")
                  : fmt::format(
                        "{} instance(s) up ({:.1f}% of {} instances currently up); the configured "
                        "minimum is {:.1f}%",
                        future, 100.0 * future / current, current, 100 * question.min_capacity_ratio);
  return fmt::format(
      "cluster '{}' in {}/{} has traffic guards enabled{}. {} [{}] would leave the cluster with {}",
      question.going_away.front()->moniker.cluster, question.account, question.location,
      by_whom(question.set_by), question.verb, fmt::join(names, ", "), left);
}

Async<GuardVerdict> TrafficGuards::ask(std::string account, std::string location,
                                       std::vector<std::string> names, std::string verb) const {
  auto reading = clouds_.fresh_snapshot(account);
  const auto snapshot = co_await std::move(reading);
  std::map<std::string, ServerGroups> by_cluster;
  for (const std::string& name : names) {
    if (const auto* group = find_server_group(*snapshot, location, name)) {
      by_cluster[group->moniker.cluster].push_back(group);
    }
  }
  GuardVerdict verdict;
  for (const auto& [cluster, going_away] : by_cluster) {
    const model::Moniker moniker = going_away.front()->moniker;
    auto asking = rules_(moniker.app);
    const json::array rules = co_await std::move(asking);
    const json::array covering = rules_of_cluster(rules, moniker, account, location);
    verdict.rules.insert(verdict.rules.end(), covering.begin(), covering.end());
    if (covering.empty() || verb.empty() || verdict.denied) continue;
    const GuardQuestion question{.account = account,
                                 .location = location,
                                 .cluster = server_groups_of_cluster(*snapshot, cluster, location),
                                 .going_away = going_away,
                                 .verb = verb,
                                 .min_capacity_ratio = min_capacity_ratio_,
                                 .set_by = base::string_or(covering[0].as_object(), "setBy", "")};
    verdict.denied = why_denied(question);
    if (verdict.denied) verdict.denied_cluster = cluster;
  }
  co_return verdict;
}

Async<void> TrafficGuards::check(std::string account, std::string location, std::vector<std::string> names,
                                 std::string verb) const {
  auto asking = ask(account, std::move(location), std::move(names), std::move(verb));
  const GuardVerdict verdict = co_await std::move(asking);
  if (!verdict.denied) co_return;
  throw base::Error(base::Kind::conflict, *verdict.denied,
                    {{"account", account}, {"cluster", verdict.denied_cluster}});
}

Async<void> TrafficGuards::check_successor(std::string account, std::string location, model::Moniker cluster,
                                           std::string verb, std::string why) const {
  auto reading = clouds_.fresh_snapshot(account);
  const auto snapshot = co_await std::move(reading);
  if (serving(server_groups_of_cluster(*snapshot, cluster.cluster, location)) == 0) co_return;
  auto asking = rules_(cluster.app);
  const json::array rules = co_await std::move(asking);
  const json::array covering = rules_of_cluster(rules, cluster, account, location);
  if (covering.empty()) co_return;
  throw base::Error(
      base::Kind::conflict,
      fmt::format("cluster '{}' in {}/{} has traffic guards enabled{}. {} would leave the cluster "
                  "with no instances up: {}",
                  cluster.cluster, account, location,
                  by_whom(base::string_or(covering[0].as_object(), "setBy", "")), verb, why),
      {{"account", account}, {"cluster", cluster.cluster}});
}

std::vector<std::string> emptied_by(const Snapshot& snapshot, std::string_view location,
                                    const std::vector<std::string>& ids) {
  const auto goes = [&](const model::Instance& instance) {
    return std::find(ids.begin(), ids.end(), instance.id) != ids.end();
  };
  std::vector<std::string> emptied;
  for (const ServerGroup& group : snapshot.server_groups) {
    if (!same_name(group.region, location)) continue;
    bool takes_some = false, leaves_some = false;
    for (const model::Instance& instance : group.instances) {
      if (instance.state != model::HealthState::up) continue;
      (goes(instance) ? takes_some : leaves_some) = true;
    }
    if (takes_some && !leaves_some) emptied.push_back(group.name);
  }
  return emptied;
}

Async<void> TrafficGuards::check_instances(std::string account, std::string location,
                                           std::vector<std::string> ids, std::string verb) const {
  auto reading = clouds_.fresh_snapshot(account);
  const auto snapshot = co_await std::move(reading);
  std::vector<std::string> emptied = emptied_by(*snapshot, location, ids);
  if (emptied.empty()) co_return;
  auto checking = check(std::move(account), std::move(location), std::move(emptied), std::move(verb));
  co_await std::move(checking);
}

}  // namespace gennaker::clusters
