#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/client.h"

namespace gennaker::net {

/// Where calls whose URL a user wrote may go.
/// Source: Spinnaker's `urlRestrictions`; the defaults are ours, see docs/compatibility.md.
struct UrlRules {
  std::string allowed_hostnames_regex = ".*";  ///< RE2's syntax, in full
  std::vector<std::string> allowed_schemes = {"http", "https"};
  std::vector<std::string> allowed_domains;   ///< the host is one of them or below it; empty: any
  std::vector<std::string> excluded_domains;  ///< the same, refused
  std::vector<std::string> rejected_ips;      ///< addresses or networks: "10.0.0.0/8"
  bool reject_localhost = false;
  bool reject_link_local = true;  ///< 169.254.0.0/16 and fe80::/10: a cloud's metadata service is there
  bool reject_verbatim_ips = false;
};

/// Checks URLs, and the addresses that their hosts turn out to have. Threads: any.
class UrlFence {
 public:
  /// Throws base::Error `invalid` that names the rule: not a regular expression, not a network.
  explicit UrlFence(UrlRules rules);
  ~UrlFence();
  UrlFence(const UrlFence&) = delete;
  UrlFence& operator=(const UrlFence&) = delete;

  /// What is wrong with the URL, for people; nullopt: nothing.
  std::optional<std::string> problem(const std::string& url) const;
  bool allows_address(const std::string& address) const;

 private:
  struct Parsed;
  UrlRules rules_;
  std::unique_ptr<const Parsed> parsed_;
};

/// As HttpClient::send, within the fence: every redirect (at most 10) is checked like the first URL, and the
/// request's headers are not sent on to another origin. Throws besides base::Error `invalid`: the fence
/// refuses, too many redirects. `client` must outlive the call.
Async<ClientResponse> send_within(HttpClient& client, std::shared_ptr<const UrlFence> fence,
                                  ClientRequest request);

/// `location`, which may be relative, as a reader of `base` understands it; nullopt: it is no URL.
std::optional<std::string> resolved_url(const std::string& base, const std::string& location);

}  // namespace gennaker::net
