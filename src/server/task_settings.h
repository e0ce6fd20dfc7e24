#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <vector>

#include "runner/back_off.h"
#include "runner/catalogs.h"

namespace gennaker::server {

/// What the section `tasks` of the configuration file says.
struct TaskSettings {
  std::map<std::string, bool> enabled;  ///< by a task's name
  runner::BackOff back_off;
};

/// The accounts of each cloud, by the provider's name.
using AccountsByProvider = std::map<std::string, std::vector<std::string>>;

/// `<task>.enabled`, `global.backOffPeriod`, `<provider>.backOffPeriod` and
/// `<provider>.<account>.backOffPeriod`, in milliseconds. Throws base::Error `invalid` that names the key.
TaskSettings read_task_settings(const boost::json::object& settings, const AccountsByProvider& accounts);

/// A task that is not enabled ends SKIPPED without being run. Throws base::Error `invalid` that names the
/// key: there is no such task.
void skip_tasks(runner::Catalogs& catalogs, const std::map<std::string, bool>& enabled);

}  // namespace gennaker::server
