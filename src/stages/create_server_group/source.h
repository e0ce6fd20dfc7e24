#pragma once

#include <optional>
#include <string>

#include "clusters/cloud_provider.h"
#include "stages/cluster_description.h"

/// The server group that a new one follows. Pure.
namespace gennaker::stages {

struct SourceChoice {
  const model::ServerGroup* group = nullptr;
  std::optional<model::Capacity> capacity;  ///< of the new one, where the source decides it
  std::string problem;                      ///< for people; empty: fine, also without a source
};

/// The first that applies: `source` with a name; `source.clusterName` or the cluster itself with `target`;
/// else of the cluster, in the region, an enabled one before a disabled one and then the newest, or with
/// `useSourceCapacity` the largest.
SourceChoice choose_source(const json::object& context, const ClusterDescription& description,
                           const clusters::Snapshot& snapshot);

/// As users read it under `source`.
json::object source_json(const model::ServerGroup& group, const ClusterDescription& description);

}  // namespace gennaker::stages
