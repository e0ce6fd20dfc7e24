#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

/// What a cloud holds, in the words of the field: the same for every provider.
namespace gennaker::model {

namespace json = boost::json;
using base::TimePoint;

/// The parts of a server group's name. Source: Frigga's conventions, clusters/naming.h.
struct Moniker {
  std::string app, stack, detail, cluster;
  std::optional<int> sequence;  ///< 0 to 999
};

struct Account {
  std::string name;
  std::string provider;  ///< "local"
  std::string environment;
  std::vector<std::string> regions;
  /// Deploys also images that it does not list: a registry's, by their full reference.
  bool pulls_images = false;
};

enum class HealthState : std::uint8_t {
  up,
  down,
  out_of_service,
  starting,
  unknown,
  draining,
  succeeded,
  failed
};
/// As in the API: "Up", "OutOfService".
std::string_view to_string(HealthState state);

/// One opinion about an instance.
struct Health {
  std::string type;  ///< "LoadBalancer", "Local", ...
  HealthState state = HealthState::unknown;
  std::string description;  ///< why, when it is not Up
  bool platform = false;    ///< says only that the machine runs
};

struct Instance {
  std::string id;
  std::string zone;
  HealthState state = HealthState::unknown;  ///< the aggregate of `health`
  std::vector<Health> health;
  std::optional<TimePoint> launch_time;
  json::object extra;  ///< the provider's own: port, pid, restarts, last exit
};

struct Capacity {
  int min = 0, max = 0, desired = 0;
};

struct ServerGroup {
  std::string name;
  std::string account;
  std::string provider;
  std::string region;
  Moniker moniker;
  bool disabled = false;  ///< takes no traffic
  TimePoint created_time{};
  Capacity capacity;
  std::vector<Instance> instances;
  std::vector<std::string> load_balancers;
  std::string image_id;
  std::string image_name;
  std::string version;         ///< of what runs in it, where the image tells
  json::object launch_config;  ///< the provider's own
  json::object tags;
};

struct LoadBalancer {
  std::string name;
  std::string account;
  std::string provider;
  std::string region;
  Moniker moniker;
  json::object extra;  ///< the provider's own: port, state of the process
};

struct Image {
  std::string id;  ///< content-addressed where the provider can
  std::string name;
  std::string account;
  std::string region;
  std::string version;
  TimePoint created_time{};
};

}  // namespace gennaker::model
