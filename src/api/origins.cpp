#include "api/origins.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"

namespace gennaker::api {
namespace {

std::string header(const net::Request& request, std::string_view name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

bool only_reads(const net::Request& request) {
  return request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
}

/// "127.0.0.1:8084", "[::1]:8084", "localhost": nobody else's name.
bool is_address(std::string_view host) {
  if (host.starts_with('[')) return true;
  const std::string_view name = host.substr(0, host.find(':'));
  return name == "localhost" ||
         (!name.empty() && name.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace

bool Origins::lists(const net::Request& request) const {
  return std::find(allowed_.begin(), allowed_.end(), header(request, "Origin")) != allowed_.end();
}

void Origins::check(const net::Request& request) const {
  const std::string origin = header(request, "Origin");
  if (origin.empty() || only_reads(request) || lists(request)) return;
  const std::string host = header(request, "Host");
  const auto scheme = origin.find("://");
  const bool ours = scheme != std::string::npos && origin.substr(scheme + 3) == host && is_address(host);
  if (ours) return;
  throw base::Error(base::Kind::forbidden,
                    fmt::format("pages of {} may not change anything here; list it in allowedOrigins of the "
                                "configuration file if they may",
                                origin),
                    {{"field", "Origin"}});
}

}  // namespace gennaker::api
