#include "testing/schema_law.h"

#include <fmt/format.h>

namespace gennaker::testing {
namespace {

using Columns = std::map<std::string, Schema::Column>;

void compare_columns(const std::string& table, const Columns& before, const Columns& after,
                     std::vector<std::string>& breaks) {
  for (const auto& [name, column] : before) {
    const auto found = after.find(name);
    if (found == after.end()) {
      breaks.push_back(fmt::format("{}.{} is gone", table, name));
    } else if (found->second.type != column.type) {
      breaks.push_back(fmt::format("{}.{} was {} and is {}", table, name, column.type, found->second.type));
    } else if (found->second.must_be_given && !column.must_be_given) {
      breaks.push_back(fmt::format("{}.{} must be given now", table, name));
    }
  }
  for (const auto& [name, column] : after) {
    if (!before.contains(name) && column.must_be_given)
      breaks.push_back(fmt::format("{}.{} is new and must be given", table, name));
  }
}

}  // namespace

std::vector<std::string> breaks_between(const Schema& before, const Schema& after) {
  std::vector<std::string> breaks;
  for (const auto& [table, columns] : before.tables) {
    const auto found = after.tables.find(table);
    if (found == after.tables.end()) {
      breaks.push_back(fmt::format("{} is gone", table));
      continue;
    }
    compare_columns(table, columns, found->second, breaks);
    const auto had = before.constraints.find(table), has = after.constraints.find(table);
    if (has == after.constraints.end()) continue;
    for (const std::string& constraint : has->second) {
      if (had == before.constraints.end() || !had->second.contains(constraint))
        breaks.push_back(fmt::format("{} has a new constraint: {}", table, constraint));
    }
  }
  return breaks;
}

}  // namespace gennaker::testing
