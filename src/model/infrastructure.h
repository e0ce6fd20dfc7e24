#pragma once

#include <boost/json/array.hpp>
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

/// What a cloud can do beyond server groups, load balancers and baking, which every cloud can. What it cannot
/// is refused with `invalid`, naming the provider, before anything happens (clusters/capabilities.h).
struct Capabilities {
  bool terminate_instances = false;  ///< also together with a smaller capacity
  bool reboot_instances = false;
  bool detach_instances = false;    ///< instances that go on without their server group
  bool register_instances = false;  ///< single instances with load balancers, and back
  bool partial_traffic = false;     ///< for a share of a server group's instances
  bool launch_changes = false;      ///< what a server group starts, while it runs
  bool scaling_processes = false;   ///< may be suspended and resumed
  bool server_group_tags = false;
  bool image_tags = false;
  bool delete_images = false;
  bool firewalls = false;
  bool jobs = false;
  std::string platform_health = {};  ///< the type of health that speaks of the machine alone: "Local"
};
/// A cloud that can do it all: for simulations and tests.
Capabilities all_capabilities();

struct Account {
  std::string name;
  std::string provider;  ///< "local"
  std::string environment;
  std::vector<std::string> regions;
  /// Deploys also images that it does not list: a registry's, by their full reference.
  bool pulls_images = false;
  Capabilities capabilities = {};
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
  std::vector<std::string> suspended_processes;  ///< of its scaling, where a cloud has them
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
  json::object tags = {};
};

/// Who may connect to the server groups that carry its name.
struct Firewall {
  std::string id;
  std::string name;
  std::string account;
  std::string provider;
  std::string region;
  Moniker moniker;
  std::string vpc_id;  ///< empty: the region's usual network
  std::string description;
  json::array inbound_rules;  ///< [{protocol, portRanges[{startPort, endPort}], range{ip, cidr} |
                              ///< securityGroup{name}}]
  json::object extra;         ///< the provider's own
};

enum class JobState : std::uint8_t { starting, running, succeeded, failed, unknown };
/// As in the API: "Succeeded".
std::string_view to_string(JobState state);

/// Something that runs once, to its end.
struct Job {
  std::string id;
  std::string name;
  std::string account;
  std::string provider;
  std::string region;
  Moniker moniker;
  JobState state = JobState::unknown;
  TimePoint created_time{};
  std::optional<TimePoint> completed_time;
  std::optional<int> exit_code;
  std::string message;   ///< why it failed; empty: it did not
  json::object outputs;  ///< what it told, where a cloud has such a thing
  json::object extra;    ///< the provider's own
};

}  // namespace gennaker::model
