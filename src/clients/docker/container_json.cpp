#include "clients/docker/container_json.h"

#include <charconv>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/rfc3339.h"

namespace gennaker::clients::docker {
namespace {

using base::Error;
using base::Kind;

template <class Value>
struct Name {
  Value value;
  std::string_view name;
};

template <class Value, std::size_t count>
std::string_view name_of(const Name<Value> (&table)[count], Value value) {
  for (const auto& row : table) {
    if (row.value == value) return row.name;
  }
  return table[0].name;
}

template <class Value, std::size_t count>
Value value_of(const Name<Value> (&table)[count], std::string_view name, Value otherwise) {
  for (const auto& row : table) {
    if (row.name == name) return row.value;
  }
  return otherwise;
}

constexpr Name<Protocol> protocols[] = {
    {Protocol::tcp, "tcp"}, {Protocol::udp, "udp"}, {Protocol::sctp, "sctp"}};
constexpr Name<Mount::Kind> mount_kinds[] = {
    {Mount::Kind::bind, "bind"}, {Mount::Kind::volume, "volume"}, {Mount::Kind::tmpfs, "tmpfs"}};
constexpr Name<RestartPolicy::Kind> restart_kinds[] = {
    {RestartPolicy::Kind::no, "no"},
    {RestartPolicy::Kind::always, "always"},
    {RestartPolicy::Kind::unless_stopped, "unless-stopped"},
    {RestartPolicy::Kind::on_failure, "on-failure"}};
constexpr Name<Health> healths[] = {
    {Health::starting, "starting"}, {Health::healthy, "healthy"}, {Health::unhealthy, "unhealthy"}};
constexpr Name<ContainerState> states[] = {{ContainerState::created, "created"},
                                           {ContainerState::created, "configured"},
                                           {ContainerState::created, "initialized"},
                                           {ContainerState::running, "running"},
                                           {ContainerState::running, "stopping"},
                                           {ContainerState::paused, "paused"},
                                           {ContainerState::restarting, "restarting"},
                                           {ContainerState::removing, "removing"},
                                           {ContainerState::exited, "exited"},
                                           {ContainerState::exited, "stopped"},
                                           {ContainerState::dead, "dead"}};

constexpr std::int64_t nanoseconds_of_a_milli_cpu = 1'000'000;

// --- to the engine

std::string port_key(const Port& port) {
  return fmt::format("{}/{}", port.container_port, name_of(protocols, port.protocol));
}

json::object bindings(const std::vector<Port>& ports) {
  json::object bound;
  for (const Port& port : ports) {
    auto& places = bound[port_key(port)];
    if (!places.is_array()) places = json::array();
    const std::string host_port = port.host_port == 0 ? "" : std::to_string(port.host_port);
    places.as_array().push_back(json::object{{"HostIp", port.host_address}, {"HostPort", host_port}});
  }
  return bound;
}

json::object exposed(const std::vector<Port>& ports) {
  json::object keys;
  for (const Port& port : ports) keys[port_key(port)] = json::object();
  return keys;
}

json::array to_json(const std::vector<Mount>& mounts) {
  json::array list;
  for (const Mount& mount : mounts) {
    json::object entry{{"Type", name_of(mount_kinds, mount.kind)}, {"Target", mount.target}};
    if (mount.kind != Mount::Kind::tmpfs) entry["Source"] = mount.source;
    if (mount.read_only) entry["ReadOnly"] = true;
    list.push_back(std::move(entry));
  }
  return list;
}

json::array to_json(const std::vector<Ulimit>& limits) {
  json::array list;
  for (const Ulimit& limit : limits) {
    list.push_back(json::object{{"Name", limit.name}, {"Soft", limit.soft}, {"Hard", limit.hard}});
  }
  return list;
}

std::int64_t nanoseconds(std::chrono::milliseconds duration) {
  return std::chrono::nanoseconds(duration).count();
}

json::object to_json(const HealthCheck& check) {
  if (check.command.empty()) return {{"Test", json::array{"NONE"}}};
  json::array test{"CMD"};
  for (const std::string& word : check.command) test.push_back(json::string(word));
  return {{"Test", std::move(test)},
          {"Interval", nanoseconds(check.interval)},
          {"Timeout", nanoseconds(check.timeout)},
          {"StartPeriod", nanoseconds(check.start_period)},
          {"Retries", check.retries}};
}

json::object host_config(const ContainerSpec& spec) {
  json::object config;
  if (!spec.network.empty()) config["NetworkMode"] = spec.network;
  if (!spec.ports.empty()) config["PortBindings"] = bindings(spec.ports);
  if (!spec.mounts.empty()) config["Mounts"] = to_json(spec.mounts);
  if (!spec.ulimits.empty()) config["Ulimits"] = to_json(spec.ulimits);
  config["RestartPolicy"] = json::object{{"Name", name_of(restart_kinds, spec.restart.kind)},
                                         {"MaximumRetryCount", spec.restart.most_retries}};
  if (spec.memory_limit_bytes > 0) config["Memory"] = spec.memory_limit_bytes;
  if (spec.cpu_limit_millis > 0) config["NanoCpus"] = spec.cpu_limit_millis * nanoseconds_of_a_milli_cpu;
  if (spec.process_limit > 0) config["PidsLimit"] = spec.process_limit;
  return config;
}

json::array to_json(const std::map<std::string, std::string>& environment) {
  json::array list;
  for (const auto& [name, value] : environment) list.push_back(json::string(name + "=" + value));
  return list;
}

// --- from the engine

int small_number(const json::object& object, std::string_view key) {
  const auto number = base::whole_number(object, key).value_or(0);
  return number < 0 || number > INT32_MAX ? 0 : static_cast<int>(number);
}

std::string without_slash(std::string name) {
  if (name.starts_with('/')) name.erase(0, 1);
  return name;
}

int port_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && number >= 0 && number <= 65'535 ? number : 0;
}

/// "8000/tcp" and where it is published.
void add_ports(std::vector<Port>& ports, std::string_view key, const json::value& places) {
  const auto slash = std::min(key.find('/'), key.size());
  const auto protocol = slash < key.size() ? key.substr(slash + 1) : "tcp";
  const Port port{.container_port = port_number(key.substr(0, slash)),
                  .protocol = value_of(protocols, protocol, Protocol::tcp)};
  if (!places.is_array() || places.as_array().empty()) {
    ports.push_back(port);
    return;
  }
  for (const auto& place : places.as_array()) {
    if (!place.is_object()) continue;
    Port published = port;
    published.host_address = base::string_or(place.as_object(), "HostIp", "");
    published.host_port = port_number(base::string_or(place.as_object(), "HostPort", ""));
    ports.push_back(std::move(published));
  }
}

std::vector<Port> ports_of(const json::object& network_settings) {
  std::vector<Port> ports;
  for (const auto& [key, places] : object_or_empty(network_settings, "Ports")) add_ports(ports, key, places);
  return ports;
}

std::map<std::string, std::string> addresses_of(const json::object& network_settings) {
  std::map<std::string, std::string> addresses;
  for (const auto& [name, network] : object_or_empty(network_settings, "Networks")) {
    if (!network.is_object()) continue;
    std::string address = base::string_or(network.as_object(), "IPAddress", "");
    if (!address.empty()) addresses.emplace(name, std::move(address));
  }
  return addresses;
}

std::vector<json::object> objects(const json::object& object, std::string_view key) {
  std::vector<json::object> found;
  const auto* list = base::find_array(object, key);
  if (list == nullptr) return found;
  for (const auto& entry : *list) {
    if (entry.is_object()) found.push_back(entry.as_object());
  }
  return found;
}

std::vector<Mount> mounts_of(const json::object& inspected) {
  std::vector<Mount> mounts;
  for (const json::object& entry : objects(inspected, "Mounts")) {
    const std::string name = base::string_or(entry, "Name", "");
    mounts.push_back({.kind = value_of(mount_kinds, base::string_or(entry, "Type", ""), Mount::Kind::other),
                      .source = name.empty() ? base::string_or(entry, "Source", "") : name,
                      .target = base::string_or(entry, "Destination", ""),
                      .read_only = !base::bool_or(entry, "RW", true)});
  }
  return mounts;
}

RestartPolicy restart_of(const json::object& host_config) {
  const json::object& policy = object_or_empty(host_config, "RestartPolicy");
  return {.kind = value_of(restart_kinds, base::string_or(policy, "Name", ""), RestartPolicy::Kind::no),
          .most_retries = small_number(policy, "MaximumRetryCount")};
}

void read_state(Container& container, const json::object& state) {
  container.state = value_of(states, needed_text(state, "Status"), ContainerState::unknown);
  container.exit_code = small_number(state, "ExitCode");
  container.error = base::string_or(state, "Error", "");
  container.out_of_memory = base::bool_or(state, "OOMKilled", false);
  container.pid = small_number(state, "Pid");
  container.started = moment(state, "StartedAt");
  container.finished = moment(state, "FinishedAt");
  const json::object& health = object_or_empty(state, "Health");
  container.health = value_of(healths, base::string_or(health, "Status", ""), Health::none);
}

void read_config(Container& container, const json::object& config) {
  container.image = base::string_or(config, "Image", "");
  container.labels = text_map(config, "Labels");
  container.entrypoint = texts(config, "Entrypoint");
  container.command = texts(config, "Cmd");
  container.environment = texts(config, "Env");
  container.hostname = base::string_or(config, "Hostname", "");
  container.user = base::string_or(config, "User", "");
  container.working_directory = base::string_or(config, "WorkingDir", "");
  container.stop_signal = base::string_or(config, "StopSignal", "");
  if (const auto seconds = base::whole_number(config, "StopTimeout")) {
    container.stop_timeout = std::chrono::seconds(*seconds);
  }
  container.tty = base::bool_or(config, "Tty", false);
}

void read_host_config(Container& container, const json::object& config) {
  container.network = base::string_or(config, "NetworkMode", "");
  container.restart = restart_of(config);
  container.memory_limit_bytes = base::whole_number(config, "Memory").value_or(0);
  container.cpu_limit_millis =
      base::whole_number(config, "NanoCpus").value_or(0) / nanoseconds_of_a_milli_cpu;
}

}  // namespace

std::string needed_text(const json::object& object, std::string_view key) {
  auto text = base::string_member(object, key);
  if (!text || text->empty()) {
    throw Error(Kind::invalid, fmt::format("the engine's answer cannot be understood: it has no '{}'", key),
                {{"field", key}});
  }
  return std::move(*text);
}

std::vector<std::string> texts(const json::object& object, std::string_view key) {
  std::vector<std::string> found;
  const auto* value = base::find(object, key);
  if (value == nullptr) return found;
  if (value->is_string()) found.emplace_back(value->as_string());
  if (!value->is_array()) return found;
  for (const auto& entry : value->as_array()) {
    if (entry.is_string()) found.emplace_back(entry.as_string());
  }
  return found;
}

std::map<std::string, std::string> text_map(const json::object& object, std::string_view key) {
  std::map<std::string, std::string> found;
  for (const auto& [name, value] : object_or_empty(object, key)) {
    if (value.is_string()) found.emplace(name, value.as_string());
  }
  return found;
}

const json::object& object_or_empty(const json::object& object, std::string_view key) {
  static const json::object empty;
  const auto* found = base::find_object(object, key);
  return found != nullptr ? *found : empty;
}

std::optional<base::TimePoint> moment(const json::object& object, std::string_view key) {
  const auto time = base::parse_rfc3339(base::string_or(object, key, ""));
  return time && *time >= base::TimePoint() ? time : std::nullopt;
}

json::array to_array(const std::vector<std::string>& texts) {
  json::array list;
  for (const std::string& text : texts) list.push_back(json::string(text));
  return list;
}

json::object to_object(const std::map<std::string, std::string>& texts) {
  json::object object;
  for (const auto& [name, text] : texts) object[name] = text;
  return object;
}

json::object to_json(const ContainerSpec& spec) {
  json::object body{{"Image", spec.image}};
  const auto set = [&body](std::string_view key, const std::string& text) {
    if (!text.empty()) body[key] = text;
  };
  if (!spec.entrypoint.empty()) body["Entrypoint"] = to_array(spec.entrypoint);
  if (!spec.command.empty()) body["Cmd"] = to_array(spec.command);
  if (!spec.environment.empty()) body["Env"] = to_json(spec.environment);
  if (!spec.labels.empty()) body["Labels"] = to_object(spec.labels);
  if (!spec.ports.empty()) body["ExposedPorts"] = exposed(spec.ports);
  if (spec.health_check) body["Healthcheck"] = to_json(*spec.health_check);
  set("Hostname", spec.hostname);
  set("User", spec.user);
  set("WorkingDir", spec.working_directory);
  set("StopSignal", spec.stop_signal);
  body["StopTimeout"] = spec.stop_timeout.count();
  body["HostConfig"] = host_config(spec);
  return body;
}

Container container_of(const json::object& inspected) {
  Container container{.id = needed_text(inspected, "Id"),
                      .name = without_slash(needed_text(inspected, "Name")),
                      .image_id = base::string_or(inspected, "Image", "")};
  read_state(container, object_or_empty(inspected, "State"));
  read_config(container, object_or_empty(inspected, "Config"));
  read_host_config(container, object_or_empty(inspected, "HostConfig"));
  container.restarts = small_number(inspected, "RestartCount");
  container.created = moment(inspected, "Created");
  container.mounts = mounts_of(inspected);
  const json::object& network = object_or_empty(inspected, "NetworkSettings");
  container.ports = ports_of(network);
  container.addresses = addresses_of(network);
  return container;
}

ContainerSummary summary_of(const json::object& row) {
  ContainerSummary summary{
      .id = needed_text(row, "Id"),
      .image = base::string_or(row, "Image", ""),
      .image_id = base::string_or(row, "ImageID", ""),
      .labels = text_map(row, "Labels"),
      .state = value_of(states, needed_text(row, "State"), ContainerState::unknown),
      .status = base::string_or(row, "Status", ""),
      .created = base::from_millis(1000 * base::whole_number(row, "Created").value_or(0))};
  for (std::string& name : texts(row, "Names")) summary.names.push_back(without_slash(std::move(name)));
  for (const json::object& port : objects(row, "Ports")) {
    summary.ports.push_back(
        {.container_port = small_number(port, "PrivatePort"),
         .protocol = value_of(protocols, base::string_or(port, "Type", ""), Protocol::tcp),
         .host_address = base::string_or(port, "IP", ""),
         .host_port = small_number(port, "PublicPort")});
  }
  return summary;
}

}  // namespace gennaker::clients::docker
