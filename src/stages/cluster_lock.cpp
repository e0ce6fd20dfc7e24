#include "stages/cluster_lock.h"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

#include "base/json.h"
#include "clusters/inventory.h"
#include "clusters/naming.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

/// The cluster that a stage's own fields name, in whatever way.
std::string named_cluster(const json::object& context) {
  const std::string group = server_group_name_of(context);
  if (!group.empty()) return clusters::parse_name(group).cluster;
  const std::string cluster = cluster_of(context);
  if (!cluster.empty()) return cluster;
  return clusters::cluster_name({.app = base::string_or(context, "application", ""),
                                 .stack = base::string_or(context, "stack", ""),
                                 .detail = base::string_or(context, "freeFormDetails", ""),
                                 .cluster = ""});
}

bool is_about(const model::Stage& stage, const clusters::Place& place) {
  const json::object& context = stage.context;
  const auto locations = locations_of(context);
  return account_of(context) == place.account && locations.size() == 1 &&
         clusters::same_name(locations.front(), place.region) &&
         clusters::same_name(named_cluster(context), place.cluster);
}

/// The outermost stage that is about this cluster alone is in charge.
clusters::Claimant claimant_for(const runner::TaskContext& context, const clusters::Place& place) {
  clusters::Claimant claimant = runner::claimant_of(context);
  const model::Execution& execution = context.execution();
  const model::Stage* in_charge = execution.find_stage(claimant.stage_id);
  while (in_charge != nullptr) {
    const model::Stage* parent = execution.find_stage(in_charge->parent_id);
    if (parent == nullptr || !is_about(*parent, place)) break;
    in_charge = parent;
  }
  if (in_charge == nullptr) return claimant;
  claimant.stage_id = in_charge->id;
  claimant.since = in_charge->start_time.value_or(context.now());
  return claimant;
}

}  // namespace

base::Async<std::optional<runner::TaskResult>> wait_for_lock(const Infrastructure& infrastructure,
                                                             runner::TaskContext context,
                                                             clusters::Place place) {
  clusters::Claimant claimant = claimant_for(context, place);
  auto acquiring = infrastructure.locks.acquire(place, std::move(claimant));
  const std::optional<clusters::LockHolder> holder = co_await std::move(acquiring);
  if (!holder) co_return std::nullopt;
  const std::string_view how = holder->has_it ? "which {} holds" : "which is next for {}";
  const std::string who = fmt::format(fmt::runtime(how), holder->description);
  co_return runner::again(
      runner::ask_again(*holder, fmt::format("the lock of cluster {}, {}", to_text(place), who)));
}

clusters::Place place_of(const clusters::ServerGroupRef& group) {
  clusters::Place place{group.account, group.region, clusters::parse_name(group.name).cluster};
  if (place.cluster.empty()) place.cluster = group.name;
  return place;
}

base::Async<std::optional<runner::TaskResult>> wait_for_lock_of(const Infrastructure& infrastructure,
                                                                runner::TaskContext context,
                                                                clusters::ServerGroupRef group) {
  return wait_for_lock(infrastructure, std::move(context), place_of(group));
}

base::Async<std::optional<runner::TaskResult>> wait_for_locks(const Infrastructure& infrastructure,
                                                              runner::TaskContext context,
                                                              std::vector<clusters::Place> places) {
  const auto parts = [](const clusters::Place& place) {
    return std::tie(place.account, place.region, place.cluster);
  };
  std::sort(places.begin(), places.end(),
            [&](const auto& one, const auto& other) { return parts(one) < parts(other); });
  const auto again = std::unique(places.begin(), places.end(), [&](const auto& one, const auto& other) {
    return parts(one) == parts(other);
  });
  places.erase(again, places.end());
  for (std::size_t i = 0; i < places.size(); ++i) {
    auto locking = wait_for_lock(infrastructure, context, places[i]);
    if (auto waiting = co_await std::move(locking)) co_return std::move(waiting);
  }
  co_return std::nullopt;
}

}  // namespace gennaker::stages
