#include "base/unix_socket.h"

#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"

namespace gennaker::base {
namespace {

constexpr std::size_t longest_line = 1024 * 1024;
constexpr std::size_t longest_answer = 16 * 1024 * 1024;

}  // namespace

struct UnixSocket::State {
  explicit State(const asio::any_io_executor& executor) : socket(executor), timer(executor) {}

  asio::local::stream_protocol::socket socket;
  asio::steady_timer timer;
  std::string name = "socket";
  std::string received;
  bool timed_out = false;
  /// Tells a deadline that is over from the one that counts.
  std::uint64_t wait = 0;

  void close() {
    boost::system::error_code ignored;
    socket.close(ignored);
  }

  [[noreturn]] void fail(const boost::system::error_code& error) {
    close();
    if (timed_out) throw Error(Kind::timeout, fmt::format("{}: no answer in time", name));
    throw Error(Kind::unavailable, fmt::format("{}: {}", name, error.message()));
  }
};

namespace {

/// Closes the socket when the deadline is over, unless `end_deadline` comes first.
template <class State>
void begin_deadline(const std::shared_ptr<State>& state, std::chrono::milliseconds deadline) {
  const std::uint64_t wait = ++state->wait;
  state->timed_out = false;
  if (deadline.count() <= 0) return;
  state->timer.expires_after(deadline);
  state->timer.async_wait([state, wait](const boost::system::error_code& error) {
    if (error || state->wait != wait) return;
    state->timed_out = true;
    state->close();
  });
}

template <class State>
void end_deadline(const std::shared_ptr<State>& state) {
  ++state->wait;
  state->timer.cancel();
}

}  // namespace

UnixSocket::UnixSocket(asio::any_io_executor executor) : state_(std::make_shared<State>(executor)) {}

UnixSocket::~UnixSocket() {
  end_deadline(state_);
  state_->close();
}

void UnixSocket::connect(const std::string& directory, const std::string& name) {
  state_->name = fmt::format("{}/{}", directory, name);
  const int folder = open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) state_->fail({errno, boost::system::system_category()});
  boost::system::error_code error;
  // A local connection is made or refused at once: there is nothing to wait for.
  state_->socket.connect({fmt::format("/proc/self/fd/{}/{}", folder, name)}, error);
  ::close(folder);
  if (error) state_->fail(error);
  fcntl(state_->socket.native_handle(), F_SETFD, FD_CLOEXEC);
}

Async<void> UnixSocket::send(std::string text, std::chrono::milliseconds deadline) {
  const auto state = state_;
  begin_deadline(state, deadline);
  boost::system::error_code error;
  const auto buffer = asio::buffer(text);
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await asio::async_write(state->socket, buffer, token);
  end_deadline(state);
  if (error) state->fail(error);
}

void UnixSocket::end_sending() {
  boost::system::error_code ignored;
  state_->socket.shutdown(asio::local::stream_protocol::socket::shutdown_send, ignored);
}

Async<std::string> UnixSocket::read_line(std::chrono::milliseconds deadline) {
  const auto state = state_;
  begin_deadline(state, deadline);
  boost::system::error_code error;
  auto buffer = asio::dynamic_buffer(state->received, longest_line);
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const std::size_t size = co_await asio::async_read_until(state->socket, buffer, '\n', token);
  end_deadline(state);
  if (error) state->fail(error);
  std::string line = state->received.substr(0, size - 1);
  state->received.erase(0, size);
  co_return line;
}

Async<std::string> UnixSocket::read_all(std::chrono::milliseconds deadline) {
  const auto state = state_;
  begin_deadline(state, deadline);
  boost::system::error_code error;
  auto buffer = asio::dynamic_buffer(state->received, longest_answer);
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await asio::async_read(state->socket, buffer, token);
  end_deadline(state);
  if (error != asio::error::eof) state->fail(error);
  co_return std::move(state->received);
}

void UnixSocket::close() {
  state_->close();
}

}  // namespace gennaker::base
