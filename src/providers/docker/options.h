#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "clients/docker/engine.h"

namespace gennaker::providers::docker {

namespace engine = clients::docker;

/// One engine: a zone of its region.
struct DockerHost {
  std::string name;  ///< letters, digits, '.', '_' and '-'
  engine::EngineAddress address;
  std::string reachable_at = "127.0.0.1";  ///< its containers' ports: an IPv4 address or a name
  std::string region = "docker";
};

/// The password is in one of two places. A file is read with each pull.
struct DockerRegistry {
  std::string address;  ///< "registry:5000"; "docker.io"
  std::string username, password, password_file;
};

struct DockerAccount {
  std::string name;  ///< letters, digits, '.', '_' and '-': a directory is named after it
  std::string environment;
  std::vector<DockerHost> hosts;
  std::vector<DockerRegistry> registries;
};

struct DockerOptions {
  std::vector<DockerAccount> accounts;
  int first_port = 26'000, last_port = 27'999;  ///< of instances without a port of their own; both included
  std::string haproxy = "/usr/sbin/haproxy";
  std::string data_directory;             ///< load balancers are kept in `<data_directory>/docker/<account>`
  std::string search_path;                ///< where `haproxy` is looked up when it is a name
  std::vector<std::string> shim_program;  ///< argv before a directory: {"/usr/bin/gennaker", "shim"}
  std::chrono::milliseconds drain_timeout{30'000};  ///< of resize and destroy, and of a disable without one
  int most_instances = 200;                         ///< of one server group
};

/// Of the section `docker` of the server's configuration. Throws base::Error `invalid`, naming the field
/// ("docker.accounts[0].hosts[1].address").
DockerOptions docker_options_of(const boost::json::object& section);

}  // namespace gennaker::providers::docker
