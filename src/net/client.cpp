#include "net/client.h"

#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "net/call_loop.h"
#include "net/incoming.h"

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

namespace asio = base::asio;
using base::Error;
using base::Kind;

/// The user's list, and this machine.
std::string with_this_machine(const std::string& list) {
  static constexpr std::string_view this_machine = "localhost,127.0.0.1,::1";
  if (list == "*") return list;
  return list.empty() ? std::string(this_machine) : fmt::format("{},{}", list, this_machine);
}

constexpr std::size_t longest_socket_path = 107;

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
  if (request.unix_socket.size() > longest_socket_path) {
    refuse(fmt::format("the path of the socket is longer than {} bytes: {}", longest_socket_path,
                       request.unix_socket));
  }
  if (breaks(request.url) || breaks(request.method)) refuse("a line break in the URL or the method");
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || breaks(name) || breaks(value))
      refuse(fmt::format("the header '{}' has a line break", name));
  }
}

/// The source's end of a body. The call may outlive it, and with it the executor.
struct SourceEnd {
  explicit SourceEnd(std::shared_ptr<Outgoing> of) : outgoing(std::move(of)) {}
  SourceEnd(SourceEnd&&) = default;
  ~SourceEnd() {
    if (outgoing) outgoing->close();
  }
  std::shared_ptr<Outgoing> outgoing;
};

/// Carries the pieces of a body from its source to the call, until either has ended.
Async<void> pump(std::shared_ptr<CallLoop> loop, std::shared_ptr<Call> call, BodySource source,
                 SourceEnd end) {
  auto& outgoing = *end.outgoing;
  bool more = true;
  while (more) {
    try {
      auto asked = source();
      std::string piece = co_await std::move(asked);
      more = !piece.empty();
      more = outgoing.put(std::move(piece)) && more;
    } catch (...) {
      outgoing.fail(std::current_exception());
      more = false;
    }
    loop->resume(call);
    co_await outgoing.wait_until_taken();
  }
}

class CallStream final : public AnswerStream {
 public:
  CallStream(std::shared_ptr<CallLoop> loop, std::shared_ptr<Call> call, std::shared_ptr<Incoming> incoming)
      : loop_(std::move(loop)), call_(std::move(call)), incoming_(std::move(incoming)) {}
  ~CallStream() override {
    incoming_->close();
    loop_->cancel(call_);
  }

  const ClientResponse& head() const override { return incoming_->head(); }

  Async<std::string> read() override {
    auto read = co_await incoming_->read();
    if (read.room) loop_->resume(call_);
    co_return std::move(read.bytes);
  }

 private:
  std::shared_ptr<CallLoop> loop_;
  std::shared_ptr<Call> call_;
  std::shared_ptr<Incoming> incoming_;
};

}  // namespace

Client::Client(std::string no_proxy)
    : no_proxy_(with_this_machine(no_proxy)), loop_(std::make_shared<CallLoop>()) {}

Client::~Client() {
  stop();
}

void Client::stop() {
  loop_->stop();
}

std::shared_ptr<Call> Client::prepared(ClientRequest request, const asio::any_io_executor& executor) {
  check(request);
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->no_proxy = no_proxy_;
  auto source = std::exchange(call->request.body_source, {});
  if (source) {
    call->request.follow_redirects = false;
    call->outgoing = std::make_shared<Outgoing>(executor);
    SourceEnd end(call->outgoing);
    asio::co_spawn(executor, pump(loop_, call, std::move(source), std::move(end)), asio::detached);
  }
  return call;
}

Async<ClientResponse> Client::send(ClientRequest request) {
  auto loop = loop_;
  const auto executor = co_await asio::this_coro::executor;
  auto call = prepared(std::move(request), executor);
  co_await CallLoop::perform(std::move(loop), call);
  co_return std::move(call->response);
}

Async<int> Client::stream(ClientRequest request, std::function<bool(std::string_view)> on_bytes,
                          std::function<bool(const ClientResponse&)> on_head) {
  auto loop = loop_;
  const auto executor = co_await asio::this_coro::executor;
  auto call = prepared(std::move(request), executor);
  call->streaming = true;
  call->on_bytes = [take = std::move(on_bytes)](std::string_view bytes) {
    return take(bytes) ? Taken::yes : Taken::enough;
  };
  call->on_head = std::move(on_head);
  co_await CallLoop::perform(std::move(loop), call);
  co_return call->response.status;
}

Async<std::unique_ptr<AnswerStream>> Client::open(ClientRequest request) {
  auto loop = loop_;
  const auto executor = co_await asio::this_coro::executor;
  auto call = prepared(std::move(request), executor);
  auto incoming = std::make_shared<Incoming>(executor);
  call->streaming = true;
  call->on_head = [incoming](const ClientResponse& head) {
    incoming->take_head(head);
    return true;
  };
  call->on_bytes = [incoming](std::string_view bytes) { return incoming->take(bytes); };
  call->done = [incoming](std::exception_ptr error) { incoming->end(error); };
  loop->submit(call);
  std::unique_ptr<AnswerStream> stream = std::make_unique<CallStream>(loop, call, incoming);
  co_await incoming->wait_for_head();
  co_return stream;
}

}  // namespace gennaker::net
