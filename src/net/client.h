#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/http.h"

namespace gennaker::net {

struct ClientRequest {
  std::string method = "GET";
  std::string url;  ///< http or https
  Headers headers = {};
  std::string body = {};
  std::chrono::milliseconds connect_timeout{15'000};
  std::chrono::milliseconds timeout{20'000};  ///< of the whole call; 0: none
  bool follow_redirects = true;
  std::size_t answer_limit_bytes = 10 * 1024 * 1024;
};

struct ClientResponse {
  int status = 0;
  Headers headers = {};
  std::string body = {};
};

/// Calls others over HTTP(S), many at once on one thread of its own (libcurl's multi interface).
class Client {
 public:
  Client();
  ~Client();
  /// Any HTTP status is an answer. Throws base::Error: `invalid` (URL), `unavailable` (no such host, refused,
  /// broken), `timeout`. Callable from any executor; resumes on the caller's.
  Async<ClientResponse> send(ClientRequest request);

  /// Reads an answer as it comes, e.g. server-sent events. `on_bytes` runs on the client's thread; false ends
  /// the call. Returns the status when the other side has ended.
  Async<int> stream(ClientRequest request, std::function<bool(std::string_view)> on_bytes);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace gennaker::net
