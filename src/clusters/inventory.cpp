#include "clusters/inventory.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

#include "base/json.h"

namespace gennaker::clusters {
namespace {

using model::ServerGroup;

bool in_location(const ServerGroup& group, std::string_view location) {
  if (location.empty() || same_name(group.region, location)) return true;
  return std::any_of(group.instances.begin(), group.instances.end(),
                     [&](const model::Instance& instance) { return same_name(instance.zone, location); });
}

bool newer(const ServerGroup* a, const ServerGroup* b) {
  if (a->created_time != b->created_time) return a->created_time > b->created_time;
  return a->name > b->name;
}

std::vector<std::string> names(const ServerGroups& groups) {
  std::vector<std::string> all;
  for (const ServerGroup* group : groups) all.push_back(group->name);
  return all;
}

struct Spelling {
  std::string_view word;
  TargetWord means;
};

constexpr Spelling spellings[] = {
    {"current_asg_dynamic", {Target::current, true}},
    {"current_asg", {Target::current, false}},
    {"ancestor_asg_dynamic", {Target::previous, true}},
    {"ancestor_asg", {Target::previous, false}},
    {"oldest_asg_dynamic", {Target::oldest, true}},
    {"oldest_asg", {Target::oldest, false}},
    {"newest", {Target::current, true}},
    {"current", {Target::current, true}},
    {"ancestor", {Target::previous, true}},
    {"previous", {Target::previous, true}},
    {"oldest", {Target::oldest, true}},
    {"largest", {Target::largest, true}},
    {"fail", {Target::only, true}},
};

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

ServerGroups server_groups_of_application(const Snapshot& snapshot, std::string_view application) {
  ServerGroups found;
  for (const ServerGroup& group : snapshot.server_groups) {
    if (same_name(group.moniker.app, application)) found.push_back(&group);
  }
  return found;
}

std::vector<Cluster> clusters_of_application(const Snapshot& snapshot, std::string_view application) {
  std::map<std::string, Cluster> by_name;
  for (const ServerGroup* group : server_groups_of_application(snapshot, application)) {
    Cluster& cluster = by_name[group->moniker.cluster];
    if (cluster.server_groups.empty()) {
      cluster.name = group->moniker.cluster;
      cluster.account = group->account;
      cluster.provider = group->provider;
      cluster.moniker = group->moniker;
      cluster.moniker.sequence.reset();
    }
    cluster.server_groups.push_back(group);
  }
  std::vector<Cluster> clusters;
  for (auto& [name, cluster] : by_name) clusters.push_back(std::move(cluster));
  return clusters;
}

ServerGroups server_groups_of_cluster(const Snapshot& snapshot, std::string_view cluster,
                                      std::string_view location) {
  ServerGroups found;
  for (const ServerGroup& group : snapshot.server_groups) {
    if (same_name(group.moniker.cluster, cluster) && in_location(group, location)) found.push_back(&group);
  }
  return found;
}

const ServerGroup* find_server_group(const Snapshot& snapshot, std::string_view region,
                                     std::string_view name) {
  for (const ServerGroup& group : snapshot.server_groups) {
    if (same_name(group.name, name) && in_location(group, region)) return &group;
  }
  return nullptr;
}

const model::LoadBalancer* find_load_balancer(const Snapshot& snapshot, std::string_view region,
                                              std::string_view name) {
  for (const model::LoadBalancer& balancer : snapshot.load_balancers) {
    if (same_name(balancer.name, name) && (region.empty() || same_name(balancer.region, region))) {
      return &balancer;
    }
  }
  return nullptr;
}

const model::Image* find_image(const Snapshot& snapshot, std::string_view region,
                               std::string_view id_or_name) {
  const model::Image* newest = nullptr;
  for (const model::Image& image : snapshot.images) {
    if (!region.empty() && !image.region.empty() && !same_name(image.region, region)) continue;
    if (image.id == id_or_name) return &image;
    if (image.name != id_or_name) continue;
    if (newest == nullptr || image.created_time > newest->created_time) newest = &image;
  }
  return newest;
}

std::optional<TargetWord> parse_target(std::string_view word) {
  for (const Spelling& spelling : spellings) {
    if (same_name(spelling.word, word)) return spelling.means;
  }
  return std::nullopt;
}

std::vector<std::string> target_words() {
  return {"current_asg_dynamic", "ancestor_asg_dynamic", "oldest_asg_dynamic"};
}

void sort_newest_first(ServerGroups& groups) {
  std::sort(groups.begin(), groups.end(), newer);
}

ResolvedTarget resolve_target(const ServerGroups& candidates, Target target, TargetOptions options) {
  ServerGroups groups;
  for (const ServerGroup* group : candidates) {
    if (!options.only_enabled || !group->disabled) groups.push_back(group);
  }
  sort_newest_first(groups);
  if (groups.empty()) {
    return {nullptr, options.only_enabled ? "there is no enabled server group" : "there is no server group"};
  }
  switch (target) {
    case Target::current:
      return {groups.front(), ""};
    case Target::previous:
      if (groups.size() < 2) {
        return {nullptr, fmt::format("'{}' is the only server group: none came before it", groups[0]->name)};
      }
      return {groups[1], ""};
    case Target::oldest:
      if (groups.size() < 2 && options.validate_oldest) {
        return {nullptr, fmt::format("'{}' is the only server group: none is older", groups[0]->name)};
      }
      return {groups.back(), ""};
    case Target::largest:
      return {*std::max_element(groups.begin(), groups.end(),
                                [](const ServerGroup* a, const ServerGroup* b) {
                                  return a->instances.size() < b->instances.size();
                                }),
              ""};
    case Target::only:
      if (groups.size() > 1) {
        return {nullptr,
                fmt::format("multiple possible server groups present: {}", fmt::join(names(groups), ", "))};
      }
      return {groups.front(), ""};
  }
  return {nullptr, "unknown target"};
}

bool is_pinned(const ServerGroup& group) {
  return group.capacity.min == group.capacity.max && group.capacity.max == group.capacity.desired;
}

bool is_being_destroyed(const ServerGroup& group) {
  return base::string_or(group.tags, "state", "") == being_destroyed;
}

}  // namespace gennaker::clusters
