#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/http.h"

namespace gennaker::net {

/// The request lives until the answer has been made.
using Handler = std::function<Async<Response>(const Request&)>;

/// Which handler answers. Patterns are split at '/': a literal, or {name} for one segment, or {name...} for
/// the rest (any number of segments, joined by '/'). A literal wins over a {name} at the same place, and that
/// over a {name...}; where the literal leads nowhere, or has another method, the next one is tried. A
/// trailing slash is ignored. HEAD works for GET.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  /// The same method and pattern twice, or a malformed pattern, is a bug of ours: asserted.
  void add(std::string_view method, std::string_view pattern, Handler handler);
  /// Fills request.parameters. nullptr: no such path; or, with `other_methods` filled (sorted, HEAD where GET
  /// is), the path has other methods. `other_methods` may be nullptr.
  const Handler* find(Request& request, std::vector<std::string>* other_methods) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8084;  ///< 0: any free one
  std::size_t body_limit_bytes = 10 * 1024 * 1024;
  std::size_t header_limit_bytes = 64 * 1024;
  /// Longest silence: between requests, within a request's head, while the client takes nothing of an answer.
  /// A request's body may take twice as long. Streams are silent for as long as they like.
  std::chrono::milliseconds idle_timeout{75'000};
  std::size_t compress_from_bytes = 1024;  ///< gzip of text and JSON for clients that take it
};

/// An HTTP/1.1 server with keep-alive and pipelining. Each connection runs on a strand of `executor`:
/// requests of one connection are answered one after another, those of several at the same time where the
/// executor has several threads.
class Server {
 public:
  /// `on_error` turns an exception of a handler, and the server's own refusals, into an answer. The refusals
  /// are base::Error with `status` in its details: `invalid` 400 (malformed), 413 (body), 431 (head),
  /// `not_found` 404, `invalid` 405 with the list `allow` (which the server also sends as the header Allow).
  /// After 400, 413 and 431 the connection is closed, and the request holds only what had been read.
  /// `finish` runs on every answer before it is sent (CORS, request id). Neither may throw; both are called
  /// on any thread of the executor.
  Server(base::asio::any_io_executor executor, ServerOptions options, Router router,
         std::function<Response(const Request&, std::exception_ptr)> on_error,
         std::function<void(const Request&, Response&)> finish);
  ~Server();
  /// Binds and listens. Throws base::Error `conflict` when the port is taken (the message names it),
  /// `invalid` for an address that is not one of this machine's.
  void start();
  std::uint16_t port() const;
  /// Accepts no more, cancels streams, closes idle connections. An answer that is being made is still sent,
  /// then its connection is closed: the executor has run out of the server's work when all has ended. Any
  /// thread; again does no harm.
  void stop();

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace gennaker::net
