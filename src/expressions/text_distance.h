#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace gennaker::expressions {

/// How many letters must be typed, taken out or changed.
inline std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

/// The known name that is most like the wanted one; empty: none is near enough to be meant.
template <class Names>
std::string nearest(std::string_view wanted, const Names& known) {
  std::string best;
  std::size_t least = std::max<std::size_t>(wanted.size() / 3, 1) + 1;
  for (const auto& name : known) {
    if (name.size() > 100) continue;
    const std::size_t apart = distance(wanted, name);
    if (apart >= least) continue;
    least = apart;
    best = name;
  }
  return best;
}

}  // namespace gennaker::expressions
