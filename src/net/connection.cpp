#include "net/connection.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/logging.h"
#include "net/compression.h"

namespace gennaker::net {
namespace {

namespace asio = base::asio;
using base::Error;
using base::Kind;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t small_read = 4 * 1024, large_read = 64 * 1024;

/// Neither a status without a body nor one of an interim answer has a length.
bool bodiless(int status) {
  return status == 204 || status == 304 || status < 200;
}

/// A line break in a value would let a client write headers of its own.
void append_header(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ");
  if (value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos) {
    head.append(value);
  } else {
    for (const char c : value) head += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  }
  head.append("\r\n");
}

/// Framing is the server's business.
bool is_framing(std::string_view name) {
  constexpr std::array<std::string_view, 3> names = {"Connection", "Content-Length", "Transfer-Encoding"};
  const NameLess less;
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view other) { return !less(name, other) && !less(other, name); });
}

std::string allow_header(const Error& error) {
  std::string text;
  if (const auto* methods = base::find_array(error.details(), "allow")) {
    for (const auto& method : *methods) {
      if (!text.empty()) text += ", ";
      text += base::plain_text(method);
    }
  }
  return text;
}

std::exception_ptr no_such_route(const Request& request, const std::vector<std::string>& other_methods) {
  const auto path = request.target.substr(0, std::min<std::size_t>(request.target.find('?'), 200));
  // OPTIONS may be answered everywhere, for browsers that ask before they ask: it makes no path known.
  const bool known = std::any_of(other_methods.begin(), other_methods.end(),
                                 [](const std::string& method) { return method != "OPTIONS"; });
  if (!known) {
    return std::make_exception_ptr(
        Error(Kind::not_found, fmt::format("there is nothing at {}", path), {{"status", 404}}));
  }
  base::json::array methods(other_methods.begin(), other_methods.end());
  return std::make_exception_ptr(
      Error(Kind::invalid,
            fmt::format("{} does not work on {}: use {}", request.method.substr(0, 30), path,
                        fmt::join(other_methods, ", ")),
            {{"status", 405}, {"allow", std::move(methods)}}));
}

}  // namespace

void ReadBuffer::consume(std::size_t count) {
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

asio::mutable_buffer ReadBuffer::prepare(std::size_t count) {
  if (bytes_.size() - end_ < count && begin_ > 0) {
    std::copy(bytes_.data() + begin_, bytes_.data() + end_, bytes_.data());
    end_ -= begin_;
    begin_ = 0;
  }
  if (bytes_.size() - end_ < count) bytes_.resize(end_ + count);
  return {bytes_.data() + end_, bytes_.size() - end_};
}

/// What the stream's coroutine and the one that watches the client tell each other.
struct Connection::StreamRun {
  explicit StreamRun(const asio::any_io_executor& executor) : ended(executor) {
    ended.expires_at(asio::steady_timer::time_point::max());
  }
  asio::cancellation_signal cancel;
  asio::steady_timer ended;  ///< cancelled when the stream's coroutine has ended
  bool done = false, client_gone = false;
  std::exception_ptr error;
};

class Connection::StreamEnd final : public Stream {
 public:
  StreamEnd(Connection& connection, bool chunked) : connection_(connection), chunked_(chunked) {}

  Async<void> write(std::string chunk) override {
    if (chunk.empty()) co_return;  // an empty chunk would end the answer
    std::string before = chunked_ ? fmt::format("{:x}\r\n", chunk.size()) : std::string();
    if (chunked_) chunk += "\r\n";
    const bool sent = co_await connection_.write_all(before, chunk);
    connection_.deadline_ = 0;
    if (!sent) throw Error(Kind::unavailable, "the client of the stream has gone");
  }

 private:
  Connection& connection_;
  bool chunked_;
};

Connection::Connection(std::shared_ptr<ServerShared> shared, Socket socket)
    : shared_(std::move(shared)),
      socket_(std::move(socket)),
      parser_(shared_->options.header_limit_bytes, shared_->options.body_limit_bytes) {
  boost::system::error_code error;
  const auto remote = socket_.remote_endpoint(error);
  if (!error) remote_address_ = remote.address().to_string();
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
  socket_.non_blocking(true, error);
}

std::shared_ptr<Connection> Connection::open(std::shared_ptr<ServerShared> shared, Socket socket) {
  auto connection = std::make_shared<Connection>(shared, std::move(socket));
  const std::lock_guard lock(shared->mutex);
  shared->connections.insert(connection.get());
  return connection;
}

Connection::~Connection() {
  const std::lock_guard lock(shared_->mutex);
  shared_->connections.erase(this);
}

void Connection::allow(std::chrono::milliseconds patience) {
  const auto length = shared_->tick_length.count();
  deadline_ = shared_->ticks + 1 + static_cast<std::uint64_t>((patience.count() + length - 1) / length);
}

void Connection::check_deadline(std::uint64_t now) {
  const auto deadline = deadline_.load();
  if (deadline == 0 || now < deadline) return;
  asio::post(socket_.get_executor(), [self = shared_from_this(), deadline] {
    if (self->deadline_ == deadline) self->close();
  });
}

void Connection::wind_up() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->phase_ == Phase::reading) self->close();
    if (self->phase_ == Phase::streaming) self->run_->cancel.emit(asio::cancellation_type::terminal);
  });
}

void Connection::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

Async<void> Connection::serve(std::shared_ptr<Connection> self) {
  self->keep_alive_ = true;
  while (self->keep_alive_ && !self->shared_->stopping) {
    self->phase_ = Phase::reading;
    const Got got = co_await self->read_request();
    if (got == Got::nothing) break;
    self->phase_ = Phase::answering;
    self->deadline_ = 0;
    self->keep_alive_ = got == Got::request && self->parser_.keep_alive();
    Response response;
    if (got == Got::request) {
      response = co_await self->answer();
    } else {
      response = self->refuse(std::exchange(self->refusal_, nullptr));
    }
    if (self->shared_->stopping) self->keep_alive_ = false;
    const bool sent = co_await self->send(std::move(response));
    if (!sent) {
      self->close();
      co_return;
    }
  }
  self->phase_ = Phase::closing;
  co_await self->linger();
}

Async<bool> Connection::read_some(std::size_t count) {
  auto space = buffer_.prepare(count);
  const auto [error, size] = co_await socket_.async_read_some(space, as_tuple);
  if (error) co_return false;
  buffer_.commit(size);
  co_return true;
}

Async<Connection::Got> Connection::read_request() {
  const auto patience = shared_->options.idle_timeout;
  parser_.reset();
  allow(patience);
  bool body_began = false;
  for (;;) {
    if (!buffer_.unread().empty()) {
      try {
        buffer_.consume(parser_.feed(buffer_.unread()));
      } catch (...) {
        refusal_ = std::current_exception();
      }
    }
    parser_.request().remote_address = remote_address_;
    if (refusal_) co_return Got::refusal;
    if (parser_.done()) co_return Got::request;
    if (parser_.head_done() && !body_began) {
      body_began = true;
      allow(2 * patience);
      if (parser_.expects_continue()) {
        const bool sent = co_await write_all("HTTP/1.1 100 Continue\r\n\r\n", {});
        if (!sent) co_return Got::nothing;
      }
    }
    const bool more = co_await read_some(body_began ? large_read : small_read);
    if (!more) co_return Got::nothing;
  }
}

Async<Response> Connection::answer() {
  Request& request = parser_.request();
  std::vector<std::string> other_methods;
  std::exception_ptr failure;
  const Handler* handler = shared_->router.find(request, &other_methods);
  if (!handler) co_return refuse(no_such_route(request, other_methods));
  try {
    auto running = (*handler)(request);
    co_return co_await std::move(running);
  } catch (...) {
    failure = std::current_exception();
  }
  co_return refuse(failure);
}

Response Connection::refuse(std::exception_ptr reason) {
  Response response{.status = 500};
  try {
    response = shared_->on_error(parser_.request(), reason);
    std::rethrow_exception(reason);
  } catch (const Error& error) {
    auto allowed = allow_header(error);
    if (!allowed.empty()) response.headers["Allow"] = std::move(allowed);
  } catch (...) {  // of any other type: on_error has seen it
  }
  return response;
}

std::string Connection::head_of(const Response& response) const {
  std::string head;
  head.reserve(512);
  fmt::format_to(std::back_inserter(head), "HTTP/1.1 {} {}\r\n", response.status,
                 reason_phrase(response.status));
  for (const auto& [name, value] : response.headers) {
    if (!is_framing(name)) append_header(head, name, value);
  }
  if (response.stream) {
    if (parser_.http_1_1()) head += "Transfer-Encoding: chunked\r\n";
  } else if (!bodiless(response.status)) {
    fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n", response.body.size());
  }
  if (!keep_alive_) {
    head += "Connection: close\r\n";
  } else if (!parser_.http_1_1()) {
    head += "Connection: keep-alive\r\n";
  }
  head += "\r\n";
  return head;
}

Async<bool> Connection::send(Response response) {
  const Request& request = parser_.request();
  try {
    shared_->finish(request, response);
    compress(request, response, shared_->options.compress_from_bytes);
  } catch (const std::exception& error) {
    base::log::error("an answer to {} {} could not be finished: {}", request.method, request.target,
                     error.what());
    response = Response{.status = 500};
  }
  const bool head_only = request.method == "HEAD";
  if (response.stream && !parser_.http_1_1()) keep_alive_ = false;  // only the end of the connection ends it
  if (response.stream && !head_only) {
    const bool ended_well = co_await send_stream(std::move(response));
    co_return ended_well;
  }
  const std::string head = head_of(response);
  const bool body_wanted = !head_only && !bodiless(response.status);
  const bool sent =
      co_await write_all(head, body_wanted ? std::string_view(response.body) : std::string_view());
  co_return sent;
}

Async<bool> Connection::send_stream(Response response) {
  const std::string head = head_of(response);
  const bool head_sent = co_await write_all(head, {});
  if (!head_sent) co_return false;
  deadline_ = 0;
  const auto executor = socket_.get_executor();
  auto run = std::make_shared<StreamRun>(executor);
  StreamEnd end(*this, parser_.http_1_1());
  run_ = run.get();
  phase_ = Phase::streaming;
  auto on_end =
      asio::bind_cancellation_slot(run->cancel.slot(), [run, self = this](std::exception_ptr error) {
        run->done = true;
        run->error = error;
        run->ended.cancel();
        boost::system::error_code ignored;
        self->socket_.cancel(ignored);  // ends the watch; nothing is being written any more
      });
  auto writing = response.stream(end);
  asio::co_spawn(executor, std::move(writing), std::move(on_end));
  if (shared_->stopping) run->cancel.emit(asio::cancellation_type::terminal);
  co_await watch_client(run);
  phase_ = Phase::answering;
  run_ = nullptr;
  if (run->client_gone) co_return false;
  // A stream that failed must not look whole; one that the server ends is whole as far as it goes.
  if (run->error && !shared_->stopping) co_return false;
  if (!parser_.http_1_1()) co_return true;
  const bool ended = co_await write_all("0\r\n\r\n", {});
  co_return ended;
}

Async<void> Connection::watch_client(std::shared_ptr<StreamRun> run) {
  while (!run->done) {
    const bool more = co_await read_some(small_read);
    if (run->done) co_return;
    // What comes meanwhile is the next request. Whoever sends without end is not waiting for our answer.
    if (more && buffer_.unread().size() < shared_->options.header_limit_bytes) continue;
    run->client_gone = true;
    run->cancel.emit(asio::cancellation_type::terminal);
    while (!run->done) co_await run->ended.async_wait(as_tuple);
  }
}

Async<bool> Connection::write_all(std::string_view head, std::string_view body) {
  std::array<asio::const_buffer, 2> parts = {asio::buffer(head), asio::buffer(body)};
  // Nearly always the kernel takes it all at once: then there is nothing to wait for.
  boost::system::error_code error;
  std::size_t sent = socket_.write_some(parts, error);
  if (error && error != asio::error::would_block && error != asio::error::try_again) co_return false;
  for (;;) {
    const auto of_head = std::min(sent, parts[0].size());
    parts[0] += of_head;
    parts[1] += sent - of_head;
    if (parts[0].size() + parts[1].size() == 0) co_return true;
    allow(shared_->options.idle_timeout);
    const auto [failure, count] = co_await socket_.async_write_some(parts, as_tuple);
    if (failure) co_return false;
    sent = count;
  }
}

/// Closing while the client still sends would reset the connection, and the client might never see the
/// answer.
Async<void> Connection::linger() {
  constexpr std::size_t enough = 16 * 1024 * 1024;
  boost::system::error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  if (!error) {
    allow(std::min<std::chrono::milliseconds>(shared_->options.idle_timeout, std::chrono::seconds(2)));
    for (std::size_t drained = 0; drained < enough;) {
      buffer_.consume(buffer_.unread().size());
      const bool more = co_await read_some(large_read);
      if (!more) break;
      drained += buffer_.unread().size();
    }
  }
  close();
}

}  // namespace gennaker::net
