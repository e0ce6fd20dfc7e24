#pragma once

#include <set>
#include <string>
#include <vector>

/// Where instances go. Pure.
namespace gennaker::providers::docker {

/// A host that answers.
struct HostLoad {
  std::string name;
  int of_group = 0;  ///< instances of the group in question
  int of_all = 0;    ///< of all groups, that one's too
};

/// A host for each of `count` instances: the one with the fewest of the group, then with the fewest of all,
/// then the first by name. Empty when there is no host.
std::vector<std::string> place(std::vector<HostLoad> hosts, int count);

/// The lowest numbers that are not used.
std::vector<int> free_indices(const std::set<int>& used, int count);

}  // namespace gennaker::providers::docker
