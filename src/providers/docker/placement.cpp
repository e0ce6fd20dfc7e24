#include "providers/docker/placement.h"

#include <algorithm>
#include <tuple>

namespace gennaker::providers::docker {

std::vector<std::string> place(std::vector<HostLoad> hosts, int count) {
  std::vector<std::string> places;
  if (hosts.empty()) return places;
  for (int i = 0; i < count; ++i) {
    const auto least = std::min_element(hosts.begin(), hosts.end(), [](const HostLoad& a, const HostLoad& b) {
      return std::tie(a.of_group, a.of_all, a.name) < std::tie(b.of_group, b.of_all, b.name);
    });
    places.push_back(least->name);
    ++least->of_group;
    ++least->of_all;
  }
  return places;
}

std::vector<int> free_indices(const std::set<int>& used, int count) {
  std::vector<int> indices;
  for (int index = 0; static_cast<int>(indices.size()) < count; ++index) {
    if (!used.contains(index)) indices.push_back(index);
  }
  return indices;
}

}  // namespace gennaker::providers::docker
