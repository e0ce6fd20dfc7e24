#include "stages/create_server_group/source.h"

#include <fmt/format.h>

#include "base/json.h"
#include "clusters/inventory.h"
#include "stages/fields.h"

namespace gennaker::stages {
namespace {

using clusters::Target;

const model::ServerGroup* usual_source(const clusters::ServerGroups& cluster, bool largest) {
  const Target target = largest ? Target::largest : Target::current;
  const auto enabled = clusters::resolve_target(cluster, target, {.only_enabled = true});
  return enabled.group != nullptr ? enabled.group : clusters::resolve_target(cluster, target).group;
}

SourceChoice by_target(const std::string& word, const std::string& cluster, const std::string& region,
                       const clusters::Snapshot& snapshot) {
  SourceChoice choice;
  const auto target = clusters::parse_target(word);
  if (!target) {
    choice.problem = fmt::format("target: '{}' is not known", word);
    return choice;
  }
  const auto groups = clusters::server_groups_of_cluster(snapshot, cluster, region);
  const auto found = clusters::resolve_target(groups, target->target);
  choice.group = found.group;
  if (found.group == nullptr) {
    choice.problem =
        fmt::format("unable to locate {} of cluster '{}' in {}: {}", word, cluster, region, found.problem);
  }
  return choice;
}

SourceChoice find_group(const json::object& context, const ClusterDescription& description,
                        const clusters::Snapshot& snapshot) {
  const std::string& region = description.regions.front();
  const std::string word = base::string_or(context, "target", "");
  const json::object none;
  const auto* given = base::find_object(context, "source");
  const json::object& source = given ? *given : none;
  SourceChoice choice;
  if (const std::string name = server_group_name_of(source); !name.empty()) {
    const auto locations = locations_of(source);
    choice.group =
        clusters::find_server_group(snapshot, locations.empty() ? region : locations.front(), name);
    if (choice.group == nullptr) {
      choice.problem = fmt::format("source: account '{}' has no server group '{}' in '{}'",
                                   description.account, name, region);
    }
    return choice;
  }
  const std::string other_cluster = base::string_or(source, "clusterName", "");
  if (!word.empty()) {
    const std::string fallback = base::string_or(context, "targetCluster", description.moniker.cluster);
    return by_target(word, other_cluster.empty() ? fallback : other_cluster, region, snapshot);
  }
  const auto cluster = clusters::server_groups_of_cluster(snapshot, description.moniker.cluster, region);
  choice.group = usual_source(cluster, description.use_source_capacity);
  return choice;
}

}  // namespace

SourceChoice choose_source(const json::object& context, const ClusterDescription& description,
                           const clusters::Snapshot& snapshot) {
  SourceChoice choice = find_group(context, description, snapshot);
  if (!choice.problem.empty() || !description.use_source_capacity) return choice;
  if (choice.group != nullptr) {
    choice.capacity = choice.group->capacity;
  } else if (!description.prefer_source_capacity || !description.capacity) {
    choice.problem = fmt::format(
        "useSourceCapacity: cluster '{}' has no server group in '{}' to take it from; set "
        "preferSourceCapacity and a capacity for the first deployment",
        description.moniker.cluster, description.regions.front());
  }
  return choice;
}

json::object source_json(const model::ServerGroup& group, const ClusterDescription& description) {
  return {{"account", group.account},
          {"region", group.region},
          {"asgName", group.name},
          {"serverGroupName", group.name},
          {"useSourceCapacity", description.use_source_capacity},
          {"preferSourceCapacity", description.prefer_source_capacity}};
}

}  // namespace gennaker::stages
