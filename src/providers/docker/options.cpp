#include "providers/docker/options.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "clients/haproxy/configuration.h"
#include "providers/settings/fields.h"

namespace gennaker::providers::docker {
namespace {

std::string name_of(Fields& fields) {
  const std::string name = fields.text("name").value_or("");
  const bool begins_well = !name.empty() && std::isalnum(static_cast<unsigned char>(name.front())) != 0;
  if (!begins_well || !clients::haproxy::is_proxy_name(name)) {
    refuse(fields.field("name"),
           fmt::format("'{}' is no name; letters, digits, '.', '_' and '-' make one, a letter or digit first",
                       name));
  }
  return name;
}

std::string needed_text(Fields& fields, std::string_view key, std::string_view example) {
  const std::string text = fields.text(key).value_or("");
  if (text.empty()) refuse(fields.field(key), fmt::format("is needed; \"{}\" could be one", example));
  return text;
}

void check_place(const std::string& field, const std::string& place) {
  const bool fine = !place.empty() && std::all_of(place.begin(), place.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-';
  });
  if (!fine) refuse(field, fmt::format("'{}' is neither an IPv4 address nor a host's name", place));
}

void check_address(const std::string& field, const std::string& address) {
  for (const std::string_view scheme : {"unix:///", "tcp://", "http://", "https://"}) {
    if (address.starts_with(scheme) && address.size() > scheme.size()) return;
  }
  refuse(field, fmt::format("'{}' is not an address; \"unix:///run/podman/podman.sock\" or "
                            "\"tcp://host:2376\" could be one",
                            address));
}

DockerHost host_of(Fields& fields) {
  DockerHost host{.name = name_of(fields)};
  host.address.host = needed_text(fields, "address", "unix:///run/podman/podman.sock");
  check_address(fields.field("address"), host.address.host);
  host.reachable_at = fields.text("reachableAt").value_or(host.reachable_at);
  check_place(fields.field("reachableAt"), host.reachable_at);
  host.region = fields.text("region").value_or(host.region);
  if (host.region.empty()) refuse(fields.field("region"), "must not be empty");
  if (auto tls = fields.object("tls")) {
    net::TlsFiles files{.ca_file = tls->text("caFile").value_or(""),
                        .certificate_file = tls->text("certificateFile").value_or(""),
                        .key_file = tls->text("keyFile").value_or("")};
    if (files.certificate_file.empty() != files.key_file.empty()) {
      refuse(tls->field("keyFile"), "goes with certificateFile: both are needed, or none");
    }
    tls->refuse_others();
    host.address.tls = std::move(files);
  }
  fields.refuse_others();
  return host;
}

DockerRegistry registry_of(Fields& fields) {
  DockerRegistry registry{.address = needed_text(fields, "address", "registry:5000"),
                          .username = needed_text(fields, "username", "ann"),
                          .password = fields.text("password").value_or(""),
                          .password_file = fields.text("passwordFile").value_or("")};
  if (registry.password.empty() == registry.password_file.empty()) {
    refuse(fields.field("password"), "one of password and passwordFile is needed");
  }
  if (registry.address.find("://") != std::string::npos || registry.address.find('/') != std::string::npos) {
    refuse(
        fields.field("address"),
        fmt::format("'{}' must be a host with or without a port, as in \"registry:5000\"", registry.address));
  }
  fields.refuse_others();
  return registry;
}

DockerAccount account_of(Fields& fields) {
  DockerAccount account{.name = name_of(fields)};
  account.environment = fields.text("environment").value_or(account.name);
  std::set<std::string> names;
  for (Fields& one : fields.objects("hosts")) {
    account.hosts.push_back(host_of(one));
    const std::string& name = account.hosts.back().name;
    if (!names.insert(name).second) refuse(one.field("name"), fmt::format("'{}' is there twice", name));
  }
  if (account.hosts.empty()) refuse(fields.field("hosts"), "at least one host is needed");
  for (Fields& one : fields.objects("registries")) account.registries.push_back(registry_of(one));
  fields.refuse_others();
  return account;
}

}  // namespace

DockerOptions docker_options_of(const json::object& section) {
  Fields fields(section, "docker");
  DockerOptions options;
  std::set<std::string> names;
  for (Fields& one : fields.objects("accounts")) {
    options.accounts.push_back(account_of(one));
    const std::string& name = options.accounts.back().name;
    if (!names.insert(name).second) refuse(one.field("name"), fmt::format("'{}' is there twice", name));
  }
  fields.number("firstPort", 1, highest_port, options.first_port);
  fields.number("lastPort", 1, highest_port, options.last_port);
  if (options.first_port > options.last_port) {
    refuse(fields.field("lastPort"), "must not be below docker.firstPort");
  }
  options.haproxy = fields.text("haproxy").value_or(options.haproxy);
  fields.refuse_others();
  return options;
}

}  // namespace gennaker::providers::docker
