#pragma once

#include <string>

#include "providers/settings/fields.h"

namespace gennaker::providers {

enum class CheckType { http, tcp, none };

struct HealthCheckSettings {
  CheckType type = CheckType::http;  ///< TCP: a connection is enough; none: what runs is well
  std::string path = "/health";
  milliseconds interval{500};
  milliseconds timeout{1000};
  int healthy_threshold = 1;
  int unhealthy_threshold = 2;
};

enum class NoCheck { allowed, refused };

/// The member `healthCheck` of a server group's settings. Throws base::Error `invalid`, naming the member.
HealthCheckSettings health_check_of(Fields& settings, NoCheck none);

}  // namespace gennaker::providers
