#include "stages/deployment_monitor/options.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"

namespace gennaker::stages {
namespace {

namespace json = boost::json;

[[noreturn]] void refuse(const std::string& key, std::string_view why) {
  throw base::Error(base::Kind::invalid, fmt::format("{}: {}", key, why), {{"field", key}});
}

DeploymentMonitor read_monitor(const json::object& entry, const std::string& key) {
  for (const auto& member : entry) {
    const std::string_view name = member.key();
    if (name != "id" && name != "name" && name != "baseUrl" && name != "failOnError" &&
        name != "maxAnalysisMinutes") {
      refuse(fmt::format("{}.{}", key, name), "is not known");
    }
  }
  DeploymentMonitor monitor;
  monitor.id = base::string_or(entry, "id", "");
  if (monitor.id.empty()) refuse(key + ".id", "is needed");
  monitor.name = base::string_or(entry, "name", monitor.id);
  monitor.base_url = base::string_or(entry, "baseUrl", "");
  if (!monitor.base_url.starts_with("http://") && !monitor.base_url.starts_with("https://"))
    refuse(key + ".baseUrl", "an http or https URL is needed");
  while (monitor.base_url.ends_with('/')) monitor.base_url.pop_back();
  monitor.fail_on_error = base::bool_or(entry, "failOnError", true);
  if (const auto* given = base::find(entry, "maxAnalysisMinutes")) {
    const auto minutes = base::whole_number(*given);
    if (!minutes || *minutes < 1 || *minutes > 7 * 24 * 60)
      refuse(key + ".maxAnalysisMinutes", "a whole number from 1 to 10080 is needed");
    monitor.analysis_limit = std::chrono::minutes(*minutes);
  }
  return monitor;
}

}  // namespace

DeploymentMonitors read_deployment_monitors(const json::object& section) {
  DeploymentMonitors monitors;
  for (const auto& member : section) {
    if (member.key() != "monitors")
      refuse(fmt::format("deploymentMonitor.{}", std::string_view(member.key())), "is not known");
  }
  const auto* value = base::find(section, "monitors");
  if (value == nullptr) return monitors;
  const auto* list = value->if_array();
  if (list == nullptr) refuse("deploymentMonitor.monitors", "a list is needed");
  for (const json::value& entry : *list) {
    const std::string key = fmt::format("deploymentMonitor.monitors[{}]", monitors.size());
    const auto* object = entry.if_object();
    if (object == nullptr) refuse(key, "an object is needed");
    DeploymentMonitor monitor = read_monitor(*object, key);
    if (!monitors.emplace(monitor.id, monitor).second) refuse(key + ".id", "is there twice");
  }
  return monitors;
}

}  // namespace gennaker::stages
