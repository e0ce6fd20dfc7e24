#pragma once

#include <optional>
#include <string>

#include "base/async.h"
#include "providers/health/health_check_settings.h"

namespace gennaker::providers {

using base::Async;

/// One check of one instance, within settings.timeout. nullopt: it is well; else why not: "connection
/// refused", "HTTP 503", "no answer in 1000 ms". An answer of 200 to 399 is well.
Async<std::optional<std::string>> check_health(std::string address, int port, HealthCheckSettings settings);

/// What a status line says ("HTTP/1.1 503 ..."); as above.
std::optional<std::string> judge_status_line(std::string_view line);

}  // namespace gennaker::providers
