#include "providers/health/health_check_settings.h"

namespace gennaker::providers {
namespace {

CheckType type_of(Fields& check, NoCheck none) {
  const std::string type = check.text("type").value_or("http");
  if (type == "http") return CheckType::http;
  if (type == "tcp") return CheckType::tcp;
  if (type == "none" && none == NoCheck::allowed) return CheckType::none;
  const std::string_view needed =
      none == NoCheck::allowed ? "'http', 'tcp' or 'none' is needed" : "'http' or 'tcp' is needed";
  refuse(check.field("type"), fmt::format("'{}' is not known; {}", type, needed));
}

}  // namespace

HealthCheckSettings health_check_of(Fields& settings, NoCheck none) {
  HealthCheckSettings check;
  auto given = settings.object("healthCheck");
  if (!given) return check;
  check.type = type_of(*given, none);
  check.path = check_path_of(*given, "path", check.path);
  given->duration("intervalMs", 50, check.interval);
  given->duration("timeoutMs", 50, check.timeout);
  given->number("healthyThreshold", 1, 100, check.healthy_threshold);
  given->number("unhealthyThreshold", 1, 100, check.unhealthy_threshold);
  given->refuse_others();
  return check;
}

}  // namespace gennaker::providers
