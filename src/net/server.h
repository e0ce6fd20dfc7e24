#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/http.h"

namespace gennaker::net {

using Handler = std::function<Async<Response>(Request)>;

/// Which handler answers. Patterns are split at '/': a literal, or {name} for one segment, or {name...} for
/// the rest. A literal wins over a {name} at the same place. A trailing slash is ignored. HEAD works for GET.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  void add(std::string_view method, std::string_view pattern, Handler handler);
  /// Fills request.parameters. nullptr: no such path; or, with `other_methods` filled, the path has other
  /// methods.
  const Handler* find(Request& request, std::vector<std::string>* other_methods) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8084;  ///< 0: any free one
  std::size_t body_limit_bytes = 10 * 1024 * 1024;
  std::chrono::seconds idle_timeout{75};
  std::size_t compress_from_bytes = 1024;  ///< gzip for clients that take it
};

/// An HTTP/1.1 server with keep-alive. What it answers by itself: 400 (malformed), 404, 405, 413, and what
/// `on_error` makes of an exception that a handler threw.
class Server {
 public:
  /// `finish` runs on every answer before it is sent (CORS, request id). `on_error` turns an exception, and
  /// the server's own refusals (as base::Error), into an answer.
  Server(base::asio::any_io_executor executor, ServerOptions options, Router router,
         std::function<Response(const Request&, std::exception_ptr)> on_error,
         std::function<void(const Request&, Response&)> finish);
  ~Server();
  /// Binds and listens. Throws base::Error `conflict` when the port is taken: the message names it.
  void start();
  std::uint16_t port() const;
  /// Accepts no more, ends streams, closes connections.
  void stop();

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace gennaker::net
