#include <fmt/format.h>
#include <iostream>

#include "base/json.h"
#include "cli/commands.h"

namespace gennaker::cli {
namespace {

using base::string_or;

/// "2/3 up"
std::string instances_text(const json::object& group) {
  const auto* counts = base::find_object(group, "instanceCounts");
  if (!counts) return "-";
  return fmt::format("{}/{} up", base::whole_number(*counts, "up").value_or(0),
                     base::whole_number(*counts, "total").value_or(0));
}

std::optional<base::TimePoint> created(const json::object& group) {
  const auto millis = base::whole_number(group, "createdTime");
  if (!millis) return std::nullopt;
  return base::from_millis(*millis);
}

/// Account, cluster, region, then the newest first.
bool before(const json::object* a, const json::object* b) {
  const auto place = [](const json::object& group) {
    return std::tuple(string_or(group, "account", ""), string_or(group, "cluster", ""),
                      string_or(group, "region", ""));
  };
  if (place(*a) != place(*b)) return place(*a) < place(*b);
  if (created(*a) != created(*b)) return created(*a) > created(*b);
  return string_or(*a, "name", "") > string_or(*b, "name", "");
}

}  // namespace

Async<int> list_clusters(Context& context, std::string application) {
  auto look_up = path({"/applications/", application, "/clusters"});
  const json::object clusters = co_await context.gate.get_object(std::move(look_up));
  auto groups_path = path({"/applications/", application, "/serverGroups"});
  const json::array list = co_await context.gate.get_array(std::move(groups_path));
  std::vector<const json::object*> groups;
  std::set<std::pair<std::string, std::string>> empty;
  for (const auto& account : clusters) {
    for (const auto& name : base::string_list(clusters, account.key())) empty.emplace(account.key(), name);
  }
  for (const auto& item : list) {
    if (!item.is_object()) continue;
    groups.push_back(&item.as_object());
    empty.erase({string_or(*groups.back(), "account", ""), string_or(*groups.back(), "cluster", "")});
  }
  std::sort(groups.begin(), groups.end(), before);
  Table table({"ACCOUNT", "CLUSTER", "SERVER GROUP", "REGION", "STATE", "INSTANCES", "CREATED"});
  std::vector<std::string> names;
  for (const auto* group : groups) {
    const bool disabled = base::bool_or(*group, "isDisabled", false);
    names.push_back(string_or(*group, "name", ""));
    table.add({string_or(*group, "account", ""), string_or(*group, "cluster", ""), names.back(),
               string_or(*group, "region", ""), disabled ? "disabled" : "enabled", instances_text(*group),
               time_text(created(*group))},
              4, disabled ? Colour::dim : Colour::green);
  }
  for (const auto& [account, cluster] : empty) table.add({account, cluster, "-", "-", "empty", "-", "-"});
  print_list(context, list, table, names);
  co_return done;
}

}  // namespace gennaker::cli
