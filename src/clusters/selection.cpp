#include "clusters/selection.h"

#include <algorithm>

#include "clusters/health.h"

namespace gennaker::clusters {
namespace {

using model::ServerGroup;

ServerGroups outside_bubble(const ServerGroups& cluster, const std::vector<std::string>& deployed) {
  const auto ours = [&](const ServerGroup* group) {
    return std::any_of(deployed.begin(), deployed.end(),
                       [&](const std::string& name) { return same_name(name, group->name); });
  };
  std::optional<base::TimePoint> oldest_of_ours;
  for (const ServerGroup* group : cluster) {
    if (!ours(group)) continue;
    oldest_of_ours = oldest_of_ours ? std::min(*oldest_of_ours, group->created_time) : group->created_time;
  }
  ServerGroups outside;
  for (const ServerGroup* group : cluster) {
    const bool inside = ours(group) || (oldest_of_ours && group->created_time > *oldest_of_ours);
    if (!inside) outside.push_back(group);
  }
  return outside;
}

/// Those worth keeping first.
void sort_by_worth(ServerGroups& groups, bool active_first, bool larger_first) {
  sort_newest_first(groups);
  if (larger_first) {
    std::stable_sort(groups.begin(), groups.end(), [](const ServerGroup* a, const ServerGroup* b) {
      return a->instances.size() > b->instances.size();
    });
  }
  if (active_first) {
    std::stable_sort(groups.begin(), groups.end(), [](const ServerGroup* a, const ServerGroup* b) {
      return is_active(*a) && !is_active(*b);
    });
  }
}

ServerGroups beyond(ServerGroups sorted, int kept) {
  const auto first = std::min<std::size_t>(sorted.size(), static_cast<std::size_t>(std::max(kept, 0)));
  sorted.erase(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(first));
  return sorted;
}

}  // namespace

ServerGroups select_for_removal(const ServerGroups& cluster, const std::vector<std::string>& deployed,
                                const Selection& selection) {
  ServerGroups candidates = outside_bubble(cluster, deployed);
  if (selection.spare_active) {
    std::erase_if(candidates, [](const ServerGroup* group) { return is_active(*group); });
  }
  const int spared = static_cast<int>(cluster.size() - candidates.size());
  sort_by_worth(candidates, !selection.spare_active, selection.larger_first);
  return beyond(std::move(candidates), selection.keep - spared);
}

ServerGroups select_for_disabling(const ServerGroups& cluster, const std::vector<std::string>& deployed,
                                  int keep_enabled, bool larger_first) {
  ServerGroups candidates = outside_bubble(cluster, deployed);
  const auto disabled = [](const ServerGroup* group) { return group->disabled; };
  const auto enabled_in_bubble =
      (static_cast<int>(cluster.size()) -
       static_cast<int>(std::count_if(cluster.begin(), cluster.end(), disabled))) -
      (static_cast<int>(candidates.size()) -
       static_cast<int>(std::count_if(candidates.begin(), candidates.end(), disabled)));
  std::erase_if(candidates, disabled);
  sort_by_worth(candidates, true, larger_first);
  return beyond(std::move(candidates), keep_enabled - enabled_in_bubble);
}

}  // namespace gennaker::clusters
