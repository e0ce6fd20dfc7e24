#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "base/error.h"
#include "net/server.h"

/// For tests: a real server on a port of its own, and a client that writes bytes as a test wants them.
namespace gennaker::net::testing {

namespace asio = base::asio;

/// "<kind>: <message>" with the status that the error names.
inline Response plain_error(const Request&, std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const base::Error& e) {
    const auto* status = e.details().if_contains("status");
    return {.status = status                              ? static_cast<int>(status->as_int64())
                      : e.kind() == base::Kind::not_found ? 404
                                                          : 500,
            .headers = {{"Content-Type", "text/plain"}},
            .body = fmt::format("{}: {}", base::to_string(e.kind()), e.what())};
  } catch (const std::exception& e) {
    return {.status = 500, .body = e.what()};
  }
}

class TestServer {
 public:
  explicit TestServer(Router router, ServerOptions options = {}) {
    options.port = 0;
    auto finish = [](const Request& request, Response& response) {
      response.headers["X-Method"] = request.method;
    };
    server_.emplace(io_.get_executor(), std::move(options), std::move(router), plain_error, finish);
    server_->start();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~TestServer() {
    server_->stop();
    work_.reset();
    // What waits for a client that will never come is not a server's fault: do not wait for it here.
    if (thread_.joinable()) {
      io_.stop();
      thread_.join();
    }
    server_.reset();
  }
  Server& server() { return *server_; }
  std::uint16_t port() const { return server_->port(); }
  std::string url(std::string_view path) const { return fmt::format("http://127.0.0.1:{}{}", port(), path); }
  asio::io_context& io() { return io_; }
  /// After stop(): until the server has no work left.
  void join() {
    work_.reset();
    thread_.join();
  }

 private:
  asio::io_context io_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_{asio::make_work_guard(io_)};
  std::optional<Server> server_;
  std::thread thread_;
};

/// A TCP connection; waits at most 10 s for anything.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(io_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    const timeval patience{10, 0};
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  /// false: the server has closed.
  bool send(std::string_view bytes) {
    boost::system::error_code error;
    asio::write(socket_, asio::buffer(bytes), error);
    return !error;
  }
  void half_close() { socket_.shutdown(asio::ip::tcp::socket::shutdown_send); }
  /// A reset, as from a client that was killed.
  void reset() {
    socket_.set_option(asio::socket_base::linger(true, 0));
    socket_.close();
  }
  /// Up to and with `end`, or whatever came before the server closed.
  std::string read_until(std::string_view end) {
    while (received_.find(end) == std::string::npos) {
      if (!read_more()) return std::exchange(received_, {});
    }
    const auto size = received_.find(end) + end.size();
    std::string result = received_.substr(0, size);
    received_.erase(0, size);
    return result;
  }
  std::string read_all() {
    while (read_more()) {
    }
    return std::exchange(received_, {});
  }
  asio::ip::tcp::socket& socket() { return socket_; }

 private:
  bool read_more() {
    std::array<char, 4096> bytes;
    const auto count = ::recv(socket_.native_handle(), bytes.data(), bytes.size(), 0);
    if (count > 0) received_.append(bytes.data(), static_cast<std::size_t>(count));
    return count > 0;
  }
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
  std::string received_;
};

/// Runs a coroutine to its end; throws what it throws.
template <class T>
T run(Async<T> work) {
  asio::io_context io;
  auto result = asio::co_spawn(io, std::move(work), asio::use_future);
  io.run();
  return result.get();
}

}  // namespace gennaker::net::testing
