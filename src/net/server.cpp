#include "net/server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/logging.h"
#include "net/connection.h"

namespace gennaker::net {
namespace {

namespace asio = base::asio;
using base::Error;
using base::Kind;
using Tcp = asio::ip::tcp;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

asio::ip::address parse_address(const std::string& text) {
  if (text == "localhost") return asio::ip::address_v4::loopback();
  boost::system::error_code error;
  auto address = asio::ip::make_address(text, error);
  if (error) {
    throw Error(
        Kind::invalid,
        fmt::format("cannot listen on '{}': an IP address is needed, such as 127.0.0.1 or 0.0.0.0", text),
        {{"field", "address"}});
  }
  return address;
}

}  // namespace

class Server::State final : public std::enable_shared_from_this<State> {
 public:
  State(asio::any_io_executor executor, std::shared_ptr<ServerShared> shared)
      : executor_(std::move(executor)),
        shared_(std::move(shared)),
        strand_(asio::make_strand(executor_)),
        acceptor_(strand_),
        timer_(strand_) {}

  void start() {
    listen();
    asio::co_spawn(strand_, accept(shared_from_this()), asio::detached);
  }

  void stop() {
    if (shared_->stopping.exchange(true)) return;
    asio::post(strand_, [self = shared_from_this()] {
      boost::system::error_code ignored;
      self->acceptor_.close(ignored);
      self->timer_.cancel();
    });
    for (const auto& connection : connections()) connection->wind_up();
  }

  std::uint16_t port() const { return port_; }

 private:
  void listen() {
    const auto& options = shared_->options;
    const Tcp::endpoint endpoint(parse_address(options.address), options.port);
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(Tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) {
      port_ = acceptor_.local_endpoint().port();
      return;
    }
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    if (error == asio::error::address_in_use) {
      throw Error(Kind::conflict,
                  fmt::format("port {} on {} is taken by another program; choose another with --port",
                              options.port, options.address),
                  {{"field", "port"}});
    }
    throw Error(
        Kind::invalid,
        fmt::format("cannot listen on {} port {}: {}", options.address, options.port, error.message()),
        {{"field", "address"}});
  }

  /// The live ones, held so that none goes while it is looked at.
  std::vector<std::shared_ptr<Connection>> connections() {
    const std::lock_guard lock(shared_->mutex);
    std::vector<std::shared_ptr<Connection>> live;
    live.reserve(shared_->connections.size());
    for (Connection* connection : shared_->connections) {
      // One that is just ending cannot be held any more.
      if (auto held = connection->weak_from_this().lock()) live.push_back(std::move(held));
    }
    return live;
  }

  static Async<void> accept(std::shared_ptr<State> self) {
    while (!self->shared_->stopping) {
      asio::any_io_executor strand = asio::make_strand(self->executor_);
      auto [error, socket] = co_await self->acceptor_.async_accept(strand, as_tuple);
      if (self->shared_->stopping) co_return;
      if (error) {
        co_await self->rest(error);
        continue;
      }
      self->adopt(std::move(socket));
    }
  }

  void adopt(Tcp::socket socket) {
    const auto strand = socket.get_executor();
    auto connection = Connection::open(shared_, std::move(socket));
    // stop() may have looked before this one was there.
    if (shared_->stopping) return;
    asio::co_spawn(strand, Connection::serve(std::move(connection)), asio::detached);
    if (std::exchange(ticking_, true)) return;
    asio::co_spawn(strand_, tick(shared_from_this()), asio::detached);
  }

  /// Out of file descriptors, or the client went before it was taken: the others must not notice.
  Async<void> rest(boost::system::error_code error) {
    if (error == asio::error::connection_aborted) co_return;
    base::log::warn("cannot accept connections on port {}: {}; trying again", port_, error.message());
    asio::steady_timer pause(strand_, std::chrono::milliseconds(100));
    co_await pause.async_wait(as_tuple);
  }

  /// Closes what has been silent for too long. Sleeps while there is no connection, so an idle server does
  /// nothing.
  static Async<void> tick(std::shared_ptr<State> self) {
    for (;;) {
      self->timer_.expires_after(self->shared_->tick_length);
      co_await self->timer_.async_wait(as_tuple);
      const auto now = ++self->shared_->ticks;
      const auto live = self->connections();
      for (const auto& connection : live) connection->check_deadline(now);
      if (live.empty()) break;
    }
    self->ticking_ = false;
  }

  asio::any_io_executor executor_;
  std::shared_ptr<ServerShared> shared_;
  asio::any_io_executor strand_;
  Tcp::acceptor acceptor_;
  asio::steady_timer timer_;
  bool ticking_ = false;
  std::uint16_t port_ = 0;
};

Server::Server(asio::any_io_executor executor, ServerOptions options, Router router,
               std::function<Response(const Request&, std::exception_ptr)> on_error,
               std::function<void(const Request&, Response&)> finish) {
  using namespace std::chrono_literals;
  auto shared = std::make_shared<ServerShared>();
  shared->options = std::move(options);
  shared->router = std::move(router);
  shared->on_error = std::move(on_error);
  shared->finish = std::move(finish);
  shared->tick_length = std::clamp<std::chrono::milliseconds>(shared->options.idle_timeout / 8, 10ms, 1000ms);
  state_ = std::make_shared<State>(std::move(executor), std::move(shared));
}

Server::~Server() {
  stop();
}

void Server::start() {
  state_->start();
}

std::uint16_t Server::port() const {
  return state_->port();
}

void Server::stop() {
  state_->stop();
}

}  // namespace gennaker::net
