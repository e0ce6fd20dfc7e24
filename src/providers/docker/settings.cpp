#include "providers/docker/settings.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "providers/docker/labels.h"

namespace gennaker::providers::docker {
namespace {

constexpr int least_memory_mb = 6;  // engines refuse less
constexpr int most_memory_mb = 1 << 24, most_cpus = 1024, most_files = 1 << 20;

/// Thousandths of a core. Engines cannot give less than a hundredth.
int cpu_millis_of(Fields& fields) {
  const json::value* value = fields.get("cpus");
  if (value == nullptr) return 0;
  const std::string field = fields.field("cpus");
  double cpus = 0;
  if (value->is_number()) cpus = value->to_number<double>();
  if (!(cpus >= 0.01 && cpus <= most_cpus)) {
    refuse(field, fmt::format("a number of cores from 0.01 to {} is needed", most_cpus));
  }
  return static_cast<int>(std::lround(cpus * 1000));
}

engine::Protocol protocol_of(Fields& fields) {
  const std::string protocol = fields.text("protocol").value_or("tcp");
  if (protocol == "tcp") return engine::Protocol::tcp;
  if (protocol == "udp") return engine::Protocol::udp;
  refuse(fields.field("protocol"), fmt::format("'{}' is not known; 'tcp' or 'udp' is needed", protocol));
}

engine::Port port_of(Fields& fields) {
  engine::Port port{.protocol = protocol_of(fields)};
  fields.number("containerPort", 1, highest_port, port.container_port);
  if (port.container_port == 0) refuse(fields.field("containerPort"), "the container's port is needed");
  fields.number("hostPort", 1, highest_port, port.host_port);
  fields.refuse_others();
  return port;
}

engine::Mount::Kind kind_of(Fields& fields) {
  const std::string type = fields.text("type").value_or("bind");
  if (type == "bind") return engine::Mount::Kind::bind;
  if (type == "volume") return engine::Mount::Kind::volume;
  if (type == "tmpfs") return engine::Mount::Kind::tmpfs;
  refuse(fields.field("type"), fmt::format("'{}' is not known; 'bind', 'volume' or 'tmpfs' is needed", type));
}

engine::Mount mount_of(Fields& fields) {
  engine::Mount mount{.kind = kind_of(fields),
                      .source = fields.text("source").value_or(""),
                      .target = fields.text("target").value_or(""),
                      .read_only = fields.truth("readOnly").value_or(false)};
  if (!mount.target.starts_with('/')) {
    refuse(fields.field("target"), "an absolute path in the container is needed");
  }
  const bool tmpfs = mount.kind == engine::Mount::Kind::tmpfs;
  if (mount.kind == engine::Mount::Kind::bind && !mount.source.starts_with('/')) {
    refuse(fields.field("source"), "an absolute path of the host is needed");
  }
  if (!tmpfs && mount.source.empty()) refuse(fields.field("source"), "a volume's name is needed");
  if (tmpfs && !mount.source.empty()) refuse(fields.field("source"), "a tmpfs has none");
  fields.refuse_others();
  return mount;
}

std::map<std::string, std::string> labels_of(Fields& fields) {
  const auto labels = fields.text_map("labels");
  for (const auto& [name, text] : labels) {
    if (!name.starts_with(label_prefix)) continue;
    refuse(fields.field("labels") + "." + name,
           fmt::format("names that begin with '{}' are ours", label_prefix));
  }
  return labels;
}

std::string network_of(Fields& fields, const GroupSettings& otherwise) {
  const std::string network = fields.text("network").value_or(otherwise.network);
  if (network.empty() || network == "none" || network.starts_with("container:")) {
    refuse(
        fields.field("network"),
        fmt::format("'{}' cannot be reached; \"host\", \"bridge\" or a network's name is needed", network));
  }
  return network;
}

void read_network(Fields& fields, GroupSettings& settings) {
  settings.network = network_of(fields, settings);
  const bool container_port_given = fields.get("containerPort") != nullptr;
  fields.number("containerPort", 1, highest_port, settings.container_port);
  if (fields.get("port") != nullptr) fields.number("port", 1, highest_port, settings.port.emplace());
  for (Fields& port : fields.objects("ports")) settings.ports.push_back(port_of(port));
  if (!settings.on_host_network()) return;
  if (container_port_given) {
    refuse(fields.field("containerPort"), "goes with a network of its own; with \"host\" use port");
  }
  if (!settings.ports.empty()) {
    refuse(fields.field("ports"), "go with a network of its own; with \"host\" every port is the host's");
  }
}

void read_limits(Fields& fields, GroupSettings& settings) {
  fields.number("memoryMb", least_memory_mb, most_memory_mb, settings.memory_mb);
  settings.cpu_millis = cpu_millis_of(fields);
  fields.number("openFiles", 1, most_files, settings.open_files);
  fields.number("processes", 1, most_files, settings.processes);
}

}  // namespace

HealthCheckSettings health_check_in(const json::object& settings) {
  Fields fields(settings, "settings");
  return health_check_of(fields, NoCheck::allowed);
}

GroupSettings group_settings_of(const json::object& object) {
  Fields fields(object, "settings");
  GroupSettings settings;
  settings.entrypoint = fields.texts("entrypoint");
  settings.command = command_of(fields);
  settings.environment = environment_of(fields);
  read_network(fields, settings);
  read_limits(fields, settings);
  settings.user = fields.text("user").value_or("");
  settings.working_directory = fields.text("workingDirectory").value_or("");
  for (Fields& mount : fields.objects("mounts")) settings.mounts.push_back(mount_of(mount));
  settings.health_check = health_check_of(fields, NoCheck::allowed);
  fields.duration("stopGraceMs", 0, settings.stop_grace);
  if (auto restart = fields.object("restart")) {
    restart->duration("firstDelayMs", 1, settings.first_restart_delay);
    restart->duration("longestDelayMs", 1, settings.longest_restart_delay);
    restart->duration("resetAfterMs", 1, settings.restart_reset_after);
    restart->refuse_others();
  }
  settings.labels = labels_of(fields);
  fields.refuse_others();
  return settings;
}

}  // namespace gennaker::providers::docker
