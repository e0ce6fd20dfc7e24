#include "net/url_fence.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/url.hpp>
#include <fmt/format.h>
#include <re2/re2.h>

#include "base/error.h"
#include "base/text.h"

namespace gennaker::net {

namespace ip = base::asio::ip;

namespace {

constexpr int most_redirects = 10;

struct Network {
  ip::address address;
  unsigned short prefix;
};

/// An IPv4 address in IPv6's clothes is the IPv4 address.
ip::address plain(ip::address address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  }
  return address;
}

std::optional<ip::address> address_of(std::string_view text) {
  boost::system::error_code error;
  const ip::address address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return plain(address);
}

Network network_of(const std::string& text) {
  const auto slash = text.find('/');
  const auto address = address_of(text.substr(0, slash));
  const int most = address && address->is_v4() ? 32 : 128;
  int prefix = most;
  if (slash != std::string::npos) {
    try {
      prefix = std::stoi(text.substr(slash + 1));
    } catch (const std::exception&) {
      prefix = -1;
    }
  }
  if (!address || prefix < 0 || prefix > most) {
    throw base::Error(base::Kind::invalid,
                      fmt::format("rejectedIps: '{}' is no address and no network such as 10.0.0.0/8", text),
                      {{"field", "rejectedIps"}});
  }
  return {*address, static_cast<unsigned short>(prefix)};
}

bool contains(const Network& network, const ip::address& address) {
  if (network.address.is_v4() != address.is_v4()) return false;
  if (address.is_v4()) {
    const auto own = ip::make_network_v4(network.address.to_v4(), network.prefix).canonical();
    return ip::make_network_v4(address.to_v4(), network.prefix).canonical() == own;
  }
  const auto own = ip::make_network_v6(network.address.to_v6(), network.prefix).canonical();
  return ip::make_network_v6(address.to_v6(), network.prefix).canonical() == own;
}

bool link_local(const ip::address& address) {
  if (address.is_v6()) return address.to_v6().is_link_local();
  return contains({ip::make_address("169.254.0.0"), 16}, address);
}

bool localhost(const ip::address& address) {
  return address.is_loopback() || address.is_unspecified();
}

bool within(const std::string& host, const std::vector<std::string>& domains) {
  return std::any_of(domains.begin(), domains.end(), [&](const std::string& domain) {
    const std::string lower = base::lower_case(domain);
    return host == lower || host.ends_with("." + lower);
  });
}

std::string origin_of(const std::string& url) {
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) return "";
  std::string port(parsed->port());
  if (port.empty()) port = base::lower_case(std::string(parsed->scheme())) == "https" ? "443" : "80";
  return base::lower_case(
      fmt::format("{}://{}:{}", std::string(parsed->scheme()), parsed->encoded_host().decode(), port));
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// What a browser would send to the new place.
ClientRequest redirected(ClientRequest request, int status, std::string url) {
  if (origin_of(request.url) != origin_of(url)) {
    // Keys are in all sorts of headers; what the body is must still be said.
    std::erase_if(request.headers, [](const auto& header) {
      const std::string name = base::lower_case(header.first);
      return name != "content-type" && name != "accept";
    });
  }
  const bool becomes_get =
      status == 303 ? request.method != "HEAD" : status < 307 && request.method == "POST";
  if (becomes_get) {
    request.method = "GET";
    request.body.clear();
    request.headers.erase("Content-Type");
  }
  request.url = std::move(url);
  return request;
}

}  // namespace

struct UrlFence::Parsed {
  RE2 hostnames;
  std::vector<Network> rejected;
  explicit Parsed(const std::string& regex) : hostnames(regex, RE2::Quiet) {}
};

UrlFence::UrlFence(UrlRules rules) : rules_(std::move(rules)) {
  auto parsed = std::make_unique<Parsed>(rules_.allowed_hostnames_regex);
  if (!parsed->hostnames.ok()) {
    throw base::Error(base::Kind::invalid,
                      fmt::format("allowedHostnamesRegex: '{}' is no regular expression that we know: {}",
                                  rules_.allowed_hostnames_regex, parsed->hostnames.error()),
                      {{"field", "allowedHostnamesRegex"}});
  }
  for (const std::string& text : rules_.rejected_ips) parsed->rejected.push_back(network_of(text));
  parsed_ = std::move(parsed);
}

UrlFence::~UrlFence() = default;

std::optional<std::string> UrlFence::problem(const std::string& url) const {
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed || parsed->encoded_host().empty())
    return fmt::format("'{}' is no URL with a host", shown_url(url));
  const std::string scheme = base::lower_case(std::string(parsed->scheme()));
  if (std::find(rules_.allowed_schemes.begin(), rules_.allowed_schemes.end(), scheme) ==
      rules_.allowed_schemes.end()) {
    return fmt::format("'{}' must begin with {}://", shown_url(url),
                       fmt::join(rules_.allowed_schemes, ":// or "));
  }
  std::string host = base::lower_case(parsed->encoded_host().decode());
  if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);
  const auto refuse = [&](std::string_view why) {
    return fmt::format("the host '{}' may not be called: {}", host, why);
  };
  if (const auto address = address_of(host)) {
    if (rules_.reject_verbatim_ips) return refuse("write its name, not an address");
    if (!allows_address(host)) return refuse("its address is refused by the server's configuration");
  }
  if (rules_.reject_localhost && (host == "localhost" || host.ends_with(".localhost"))) {
    return refuse("it is this machine");
  }
  if (!RE2::FullMatch(host, parsed_->hostnames)) return refuse("allowedHostnamesRegex does not match it");
  if (!rules_.allowed_domains.empty() && !within(host, rules_.allowed_domains)) {
    return refuse("it is in none of allowedDomains");
  }
  if (within(host, rules_.excluded_domains)) return refuse("it is in excludedDomains");
  return std::nullopt;
}

bool UrlFence::allows_address(const std::string& text) const {
  const auto address = address_of(text.substr(0, text.find('%')));
  if (!address) return false;
  if (rules_.reject_localhost && localhost(*address)) return false;
  if (rules_.reject_link_local && link_local(*address)) return false;
  return std::none_of(parsed_->rejected.begin(), parsed_->rejected.end(),
                      [&](const Network& network) { return contains(network, *address); });
}

std::optional<std::string> resolved_url(const std::string& base, const std::string& location) {
  const auto from = boost::urls::parse_uri(base);
  const auto to = boost::urls::parse_uri_reference(location);
  if (!from || !to) return std::nullopt;
  boost::urls::url resolved;
  if (!boost::urls::resolve(*from, *to, resolved)) return std::nullopt;
  return std::string(resolved.buffer());
}

Async<ClientResponse> send_within(HttpClient& client, std::shared_ptr<const UrlFence> fence,
                                  ClientRequest request) {
  request.follow_redirects = false;
  request.may_connect = [fence](const std::string& address) { return fence->allows_address(address); };
  for (int hop = 0; hop <= most_redirects; ++hop) {
    if (const auto problem = fence->problem(request.url)) {
      throw base::Error(base::Kind::invalid, *problem, {{"field", "url"}, {"sent", hop > 0}});
    }
    auto sending = client.send(request);
    ClientResponse response = co_await std::move(sending);
    const auto location = response.headers.find("Location");
    if (!is_redirect(response.status) || location == response.headers.end()) co_return response;
    auto next = resolved_url(request.url, location->second);
    if (!next) co_return response;
    request = redirected(std::move(request), response.status, std::move(*next));
  }
  throw base::Error(base::Kind::invalid, fmt::format("{} redirects, and still no answer", most_redirects),
                    {{"sent", true}});
}

}  // namespace gennaker::net
