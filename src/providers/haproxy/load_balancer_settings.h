#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace gennaker::providers {

/// `settings` of a load balancer.
struct LoadBalancerSettings {
  int port = 0;
  std::string bind = "127.0.0.1";
  std::string check_path;  ///< of HAProxy's own checks; empty: TCP
};
/// Throws base::Error `invalid`, naming the member ("settings.port").
LoadBalancerSettings load_balancer_settings_of(const boost::json::object& settings);

}  // namespace gennaker::providers
