#include "providers/haproxy/load_balancer_settings.h"

#include <arpa/inet.h>

#include "providers/settings/fields.h"

namespace gennaker::providers {
namespace {

bool is_http(Fields& check) {
  const std::string type = check.text("type").value_or("tcp");
  if (type != "http" && type != "tcp") {
    refuse(check.field("type"), fmt::format("'{}' is not known; 'http' or 'tcp' is needed", type));
  }
  return type == "http";
}

}  // namespace

LoadBalancerSettings load_balancer_settings_of(const json::object& object) {
  Fields fields(object, "settings");
  LoadBalancerSettings settings;
  fields.number("port", 1, highest_port, settings.port);
  if (settings.port == 0) refuse(fields.field("port"), "the port on which it listens is needed");
  settings.bind = fields.text("bind").value_or(settings.bind);
  in_addr address{};
  if (inet_pton(AF_INET, settings.bind.c_str(), &address) != 1) {
    refuse(fields.field("bind"), fmt::format("'{}' is not an IPv4 address", settings.bind));
  }
  if (auto check = fields.object("healthCheck")) {
    const bool http = is_http(*check);
    const std::string path = check_path_of(*check, "path", "/health");
    if (http) settings.check_path = path;
    check->refuse_others();
  }
  fields.refuse_others();
  return settings;
}

}  // namespace gennaker::providers
