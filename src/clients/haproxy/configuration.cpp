#include "clients/haproxy/configuration.h"

#include <cctype>

#include "base/ids.h"

namespace gennaker::clients::haproxy {
namespace {

// What is promised here: a request that no instance has seen is tried on another one; one that may have been
// seen is repeated only where the method says that this does no harm. A reload closes no connection that is
// idle before its client has used it once more. The timeouts bound what a lost peer can hold.
constexpr std::string_view common = R"(
defaults
    mode http
    timeout connect 5s
    timeout client 75s
    timeout server 10m
    timeout queue 30s
    timeout http-request 30s
    timeout http-keep-alive 75s
    timeout tunnel 1h
    timeout check 2s
    retries 3
    option redispatch 1
    retry-on conn-failure empty-response
    http-reuse safe
    option idle-close-on-response
    option forwardfor
)";

std::string global_section(std::string_view structure) {
  return fmt::format(
      "# Written by Gennaker, and again with each change: what is edited here is lost.\n"
      "global\n"
      "    description {}\n"
      "    stats socket unix@{} mode 600 level admin expose-fd listeners\n"
      "    hard-stop-after 10m\n"
      "    fd-hard-limit 20000\n",
      structure, runtime_socket);
}

std::string proxy_section(const Proxy& proxy) {
  std::string text = fmt::format(
      "\nfrontend {0}\n"
      "    bind {1}:{2}\n"
      "    http-request disable-l7-retry unless {{ method GET HEAD OPTIONS }}\n"
      "    default_backend {0}\n"
      "\nbackend {0}\n"
      "    balance roundrobin\n",
      proxy.name, proxy.bind, proxy.port);
  if (!proxy.check_path.empty()) {
    text += fmt::format(
        "    option httpchk\n"
        "    http-check send meth GET uri {} ver HTTP/1.1 hdr Host localhost hdr Connection close\n"
        "    http-check expect status 200-399\n",
        proxy.check_path);
  }
  return text;
}

}  // namespace

std::string structure_of(const Configuration& configuration) {
  std::string text(global_section("") + std::string(common));
  for (const Proxy& proxy : configuration.proxies) text += proxy_section(proxy);
  return base::sha256_hex(text).substr(0, 16);
}

std::string server_arguments(const Server& server) {
  // The pool is purged each second, so that a drained server can be deleted soon. A server that refuses a
  // connection is out until its next check: when several have died at once, a request's few tries might all
  // go to dead ones before the checks notice.
  return fmt::format(
      "{}:{} check inter 1s fall 2 rise 1 pool-purge-delay 1s observe layer4 error-limit 1 on-error "
      "mark-down",
      server.address, server.port);
}

std::string write_configuration(const Configuration& configuration) {
  std::string text = global_section(structure_of(configuration));
  text += common;
  for (const Proxy& proxy : configuration.proxies) {
    text += proxy_section(proxy);
    for (const Server& server : proxy.servers) {
      text += fmt::format("    server {} {}\n", server.name, server_arguments(server));
    }
  }
  return text;
}

std::map<std::string, std::set<std::string>> servers_listed(std::string_view text) {
  static constexpr std::string_view backend = "backend ", server = "    server ";
  std::map<std::string, std::set<std::string>> listed;
  std::string proxy;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
    if (line.starts_with(backend)) {
      proxy = line.substr(backend.size());
      listed[proxy];
    } else if (line.starts_with(server) && !proxy.empty()) {
      const std::string_view rest = line.substr(server.size());
      listed[proxy].emplace(rest.substr(0, rest.find(' ')));
    }
  }
  return listed;
}

std::string server_name(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '^') {
      text += ":c";
    } else if (c == '~') {
      text += ":t";
    } else {
      text += c;
    }
  }
  return text;
}

bool is_proxy_name(std::string_view name) {
  const auto fits = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), fits);
}

}  // namespace gennaker::clients::haproxy
