#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// HAProxy 2.6's configuration file. Source: https://docs.haproxy.org/2.6/configuration.html
namespace gennaker::clients::haproxy {

struct Server {
  std::string name;
  std::string address = "127.0.0.1";
  int port = 0;
};

/// A front end and the back end of the same name.
struct Proxy {
  std::string name;
  std::string bind = "127.0.0.1";
  int port = 0;
  /// Of HAProxy's own checks; empty: it only connects.
  std::string check_path;
  std::vector<Server> servers;
};

struct Configuration {
  std::vector<Proxy> proxies;
};

/// The sockets, relative to the directory in which HAProxy is started.
inline constexpr std::string_view master_socket = "master.sock";
inline constexpr std::string_view runtime_socket = "runtime.sock";
inline constexpr std::string_view configuration_file = "haproxy.cfg";

/// The file's text. Its `description` is structure_of(configuration), so that the running process can be
/// asked which structure it has. Names must fit server_name's and is_proxy_name's rules.
std::string write_configuration(const Configuration& configuration);

/// A digest of everything that can be changed by a reload only: all but the servers.
std::string structure_of(const Configuration& configuration);

/// What follows a server's name, in the file and in `add server`.
std::string server_arguments(const Server& server);

/// The servers of each proxy that a text of write_configuration lists.
std::map<std::string, std::set<std::string>> servers_listed(std::string_view text);

/// `name` in the characters that HAProxy takes: '^' and '~', which server groups may have, are written as
/// ":c" and ":t". One to one.
std::string server_name(std::string_view name);
/// Letters, digits, '.', '_' and '-'; 1 to 100.
bool is_proxy_name(std::string_view name);

}  // namespace gennaker::clients::haproxy
