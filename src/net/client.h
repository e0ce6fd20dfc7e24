#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace gennaker::net {

struct ClientRequest {
  std::string method = "GET";
  std::string url;  ///< http or https
  Headers headers = {};
  std::string body = {};
  std::chrono::milliseconds connect_timeout{15'000};
  /// send(): of the whole call; stream(): longest silence. 0: none.
  std::chrono::milliseconds timeout{20'000};
  bool follow_redirects = true;  ///< at most 10, to http and https only
  /// Asked about each IP address before a connection to it is made, on the client's thread. Empty: all are
  /// fine.
  std::function<bool(const std::string& address)> may_connect = {};
  std::size_t answer_limit_bytes = 10 * 1024 * 1024;  ///< of the unpacked body; ignored by stream()
};

/// What a person may see of a URL: without credentials and query, which often hold secrets; not too long.
std::string shown_url(std::string_view url);

class CallLoop;

struct ClientResponse {
  int status = 0;
  Headers headers = {};
  std::string body = {};
};

/// Whoever answers HTTP calls: Client, or a test's script.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Any HTTP status is an answer. Throws base::Error: `invalid` (URL, a header with a line break, an answer
  /// over the limit), `unavailable` (no such host, refused, broken), `timeout`. Messages name the URL without
  /// its query and credentials; the detail `sent` says whether the request may have reached the other side.
  /// Resumes on the caller's executor. Can be cancelled.
  virtual Async<ClientResponse> send(ClientRequest request) = 0;
};

/// Calls others over HTTP(S), many at once on one thread of its own (libcurl's multi interface), which starts
/// with the first call. Connections are kept and used again. Proxies as the environment says (https_proxy
/// ...), but never for this machine. Threads: any. Its callers' executors must outlive it.
class Client final : public HttpClient {
 public:
  /// `no_proxy`: hosts that are called directly, as in the environment variable of that name.
  explicit Client(std::string no_proxy = "");
  /// Calls under way throw `unavailable`.
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Async<ClientResponse> send(ClientRequest request) override;

  /// Reads an answer as it comes, e.g. server-sent events. `on_head` (may be empty) runs when status and
  /// headers are there, `on_bytes` for each piece, both on the client's thread; false ends the call. Returns
  /// the status when the other side, or false, has ended it. Throws as send().
  Async<int> stream(ClientRequest request, std::function<bool(std::string_view)> on_bytes,
                    std::function<bool(const ClientResponse&)> on_head = {});

 private:
  std::string no_proxy_;
  std::shared_ptr<CallLoop> loop_;
};

}  // namespace gennaker::net
