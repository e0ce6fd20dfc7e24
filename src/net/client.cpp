#include "net/client.h"

#include <fmt/format.h>

#include "base/error.h"
#include "net/call_loop.h"

namespace gennaker::net {

std::string shown_url(std::string_view url) {
  auto text = url.substr(0, std::min(url.find_first_of("?#"), url.size()));
  const auto scheme = text.find("://");
  const auto host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto slash = std::min(text.find('/', host), text.size());
  const auto at = text.substr(0, slash).rfind('@');
  const auto from = at == std::string_view::npos ? host : std::max(at + 1, host);
  return fmt::format("{}{}", text.substr(0, host), text.substr(from, 200));
}

namespace {

using base::Error;
using base::Kind;

/// The user's list, and this machine.
std::string with_this_machine(std::string list) {
  if (list == "*") return list;
  if (!list.empty()) list += ',';
  return list + "localhost,127.0.0.1,::1";
}

void check(const ClientRequest& request) {
  const auto refuse = [&](const std::string& why) {
    throw Error(Kind::invalid, fmt::format("{} {}: {}", request.method, shown_url(request.url), why));
  };
  const auto breaks = [](std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
  };
  const auto scheme = request.url.substr(0, std::min(request.url.find("://"), request.url.size()));
  const NameLess less;
  const bool http = !less(scheme, "http") && !less("http", scheme);
  const bool https = !less(scheme, "https") && !less("https", scheme);
  if (!http && !https) refuse("the URL must begin with http:// or https://");
  if (breaks(request.url) || breaks(request.method)) refuse("a line break in the URL or the method");
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || breaks(name) || breaks(value))
      refuse(fmt::format("the header '{}' has a line break", name));
  }
}

}  // namespace

Client::Client(std::string no_proxy)
    : no_proxy_(with_this_machine(std::move(no_proxy))), loop_(std::make_shared<CallLoop>()) {}

Client::~Client() {
  loop_->stop();
}

Async<ClientResponse> Client::send(ClientRequest request) {
  check(request);
  auto loop = loop_;
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->no_proxy = no_proxy_;
  co_await CallLoop::perform(std::move(loop), call);
  co_return std::move(call->response);
}

Async<int> Client::stream(ClientRequest request, std::function<bool(std::string_view)> on_bytes,
                          std::function<bool(const ClientResponse&)> on_head) {
  check(request);
  auto loop = loop_;
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->no_proxy = no_proxy_;
  call->streaming = true;
  call->on_bytes = std::move(on_bytes);
  call->on_head = std::move(on_head);
  co_await CallLoop::perform(std::move(loop), call);
  co_return call->response.status;
}

}  // namespace gennaker::net
