#include "clusters/nearest_name.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <numeric>

namespace gennaker::clusters {
namespace {

constexpr std::size_t listed_at_most = 10;

/// Levenshtein: insertions, deletions and replacements, one each.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view wrong, const std::vector<std::string>& known) {
  // Beyond a third of its letters it is another word, not a slip.
  std::size_t best = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  std::optional<std::string> nearest;
  for (const std::string& name : known) {
    const std::size_t steps = distance(wrong, name);
    if (steps >= best) continue;
    best = steps;
    nearest = name;
  }
  return nearest;
}

std::string suggestion(std::string_view wrong, const std::vector<std::string>& known) {
  if (const auto nearest = nearest_name(wrong, known)) return fmt::format("; did you mean '{}'?", *nearest);
  if (known.empty()) return "";
  const auto last = known.begin() + static_cast<std::ptrdiff_t>(std::min(known.size(), listed_at_most));
  const bool more = known.size() > listed_at_most;
  return fmt::format("; known: {}{}", fmt::join(known.begin(), last, ", "), more ? ", ..." : "");
}

}  // namespace gennaker::clusters
