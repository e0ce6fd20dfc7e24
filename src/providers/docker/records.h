#pragma once

#include <map>
#include <string>
#include <vector>

#include "clients/docker/container.h"
#include "providers/docker/group.h"

/// Records: containers that are never started, whose labels say what a server group is. Labels cannot be
/// changed, so each change is a new record with the next revision; the highest one counts.
/// Source: docs/decisions/0020-docker-records.md
namespace gennaker::providers::docker {

namespace engine = clients::docker;

/// What one host holds of an account.
struct HostContainers {
  std::string host;
  std::vector<engine::ContainerSummary> containers;
};

struct FoundGroup {
  Group group;                     ///< of the highest revision
  std::vector<std::string> hosts;  ///< that have it in this revision
};

/// The groups that records tell of, by name. A record that cannot be read counts as none; why is added to
/// `complaints`.
std::map<std::string, FoundGroup> read_records(const std::vector<HostContainers>& hosts,
                                               std::vector<std::string>& complaints);

/// The containers among these that record `group` in a revision below `revision`.
std::vector<std::string> outdated_records(const std::vector<engine::ContainerSummary>& containers,
                                          const std::string& group, std::uint64_t revision);

/// Never started, so all that matters are the labels.
engine::ContainerSpec record_spec(const std::string& account, const Group& group);

}  // namespace gennaker::providers::docker
