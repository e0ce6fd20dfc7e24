#pragma once

#include <boost/json/object.hpp>

#include "runner/catalogs.h"

namespace gennaker::server {

/// `tasks.<name>.enabled: false` of the configuration file: such a task ends SKIPPED without being run.
/// Throws base::Error `invalid` that names the key: no such task, or another setting than that one.
void apply_task_settings(runner::Catalogs& catalogs, const boost::json::object& settings);

}  // namespace gennaker::server
