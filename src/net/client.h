#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace gennaker::net {

/// PEM files of a call over TLS, read with each new connection; empty: the system's authorities, no
/// certificate of our own.
struct TlsFiles {
  std::string ca_file = {};           ///< whom to trust
  std::string certificate_file = {};  ///< who we are, with the key:
  std::string key_file = {};
};

/// Gives a request's body piece by piece; an empty one is the end. Runs on the caller's executor.
using BodySource = std::function<Async<std::string>()>;

struct ClientRequest {
  std::string method = "GET";
  std::string url;  ///< http or https
  Headers headers = {};
  std::string body = {};
  std::chrono::milliseconds connect_timeout{15'000};
  /// send(): of the whole call; stream(), open(): longest silence of the other side. 0: none.
  std::chrono::milliseconds timeout{20'000};
  bool follow_redirects = true;  ///< at most 10, to http and https only
  /// Asked about each IP address before a connection to it is made, on the client's thread. Empty: all are
  /// fine.
  std::function<bool(const std::string& address)> may_connect = {};
  std::size_t answer_limit_bytes = 10 * 1024 * 1024;  ///< of the unpacked body; send() only
  /// Set: the other side listens there, at most 107 bytes; the URL's host is only what the header says. No
  /// proxy, and may_connect is not asked.
  std::string unix_socket = {};
  TlsFiles tls = {};
  /// Set: the body, in place of `body`, in chunks. Asked no faster than the other side takes them, and not
  /// any more once the call has ended; what it throws ends the call. Redirects are not followed.
  BodySource body_source = {};
};

/// What a person may see of a URL: without credentials and query, which often hold secrets; not too long.
std::string shown_url(std::string_view url);

struct Call;
class CallLoop;

struct ClientResponse {
  int status = 0;
  Headers headers = {};
  std::string body = {};
};

/// An answer that is read as it comes. Its destructor ends the call. Threads: the executor on which it was
/// opened; one call of it at a time.
class AnswerStream {
 public:
  virtual ~AnswerStream() = default;
  /// Status and headers.
  virtual const ClientResponse& head() const = 0;
  /// What has come, as soon as there is something; empty: the end. A reader that is slow slows down the other
  /// side: at most some 300 kB are kept. Throws as HttpClient::send(), also when the connection breaks in the
  /// middle. Can be cancelled; the stream can be read on afterwards.
  virtual Async<std::string> read() = 0;
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
  ~Client() override;
  /// Calls under way, and later ones, throw `unavailable`: they are answered when this returns.
  void stop();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Async<ClientResponse> send(ClientRequest request) override;

  /// Reads an answer as it comes, e.g. server-sent events. `on_head` (may be empty) runs when status and
  /// headers are there, `on_bytes` for each piece, both on the client's thread; false ends the call. Returns
  /// the status when the other side, or false, has ended it. Throws as send().
  Async<int> stream(ClientRequest request, std::function<bool(std::string_view)> on_bytes,
                    std::function<bool(const ClientResponse&)> on_head = {});

  /// Waits for status and headers; the body is the caller's to read, or to leave. Throws as send(). Can be
  /// cancelled. HTTP/1.1.
  Async<std::unique_ptr<AnswerStream>> open(ClientRequest request);

 private:
  std::shared_ptr<Call> prepared(ClientRequest request, const base::asio::any_io_executor& executor);

  std::string no_proxy_;
  std::shared_ptr<CallLoop> loop_;
};

}  // namespace gennaker::net
