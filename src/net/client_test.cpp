#include "net/client.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/sse.h"
#include "net/test_server.h"

namespace gennaker::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run;
using testing::TestServer;
namespace asio = base::asio;

Async<Response> show(const Request& request) {
  std::string text = fmt::format("{} {}\n", request.method, request.target);
  for (const auto& [name, value] : request.headers) text += fmt::format("{}: {}\n", name, value);
  co_return Response{.status = 202,
                     .headers = {{"Content-Type", "text/plain"}, {"X-Remote", request.remote_address}},
                     .body = text + "\n" + request.body};
}

Async<Response> redirect(const Request& request) {
  co_return Response{.status = 302, .headers = {{"Location", request.query.get_or("to", "/")}}};
}

Async<Response> large(const Request& request) {
  const auto size = static_cast<std::size_t>(request.query.number("size", 0, 0, 100'000'000));
  co_return Response{.headers = {{"Content-Type", "text/plain"}}, .body = std::string(size, 'x')};
}

Async<void> silence(Stream& stream) {
  auto event = sse_event("execution", "1", "{}");
  co_await stream.write(std::move(event));
  co_await base::sleep_for(1h);
}

Async<Response> silent(const Request&) {
  co_return Response{.headers = {{"Content-Type", "text/event-stream"}}, .stream = silence};
}

Async<void> count(Stream& stream) {
  for (int i = 1; i <= 5; ++i) {
    auto event = sse_event("n", std::to_string(i), "x");
    co_await stream.write(std::move(event));
  }
}

Async<Response> counting(const Request&) {
  co_return Response{.stream = count};
}

Async<Response> never(const Request&) {
  co_await base::sleep_for(1h);
  co_return Response{};
}

Router router() {
  Router router;
  for (const auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE"})
    router.add(method, "/show/{rest...}", show);
  router.add("GET", "/redirect", redirect);
  router.add("POST", "/redirect", redirect);
  router.add("GET", "/large", large);
  router.add("GET", "/silent", silent);
  router.add("GET", "/counting", counting);
  router.add("GET", "/never", never);
  return router;
}

class ClientTest : public ::testing::Test {
 protected:
  ClientResponse send(ClientRequest request) { return run(client_.send(std::move(request))); }
  ClientResponse get(std::string_view path) { return send({.url = server_.url(path)}); }
  /// The failure as "<kind>: <message>".
  std::string failure(ClientRequest request) {
    try {
      return fmt::format("answer {}", send(std::move(request)).status);
    } catch (const base::Error& error) {
      return fmt::format("{}: {}", base::to_string(error.kind()), error.what());
    }
  }
  TestServer server_{router()};
  Client client_;
};

TEST(ShownUrl, LeavesOutWhatOftenIsSecret) {
  EXPECT_EQ(shown_url("http://host:80/path"), "http://host:80/path");
  EXPECT_EQ(shown_url("http://ann:secret@host/path?token=x#y"), "http://host/path");
  EXPECT_EQ(shown_url("http://host/ann@home"), "http://host/ann@home");
  EXPECT_EQ(shown_url("http://a@b:c@host"), "http://host");
  EXPECT_EQ(shown_url("ann:secret@host/path"), "host/path");
  EXPECT_EQ(shown_url("nonsense"), "nonsense");
}

TEST_F(ClientTest, SendsWhatItIsTold) {
  for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    const auto answer =
        send({.method = method,
              .url = server_.url("/show/a%2Fb?q=1"),
              .headers = {{"X-Thing", "v"}, {"X-Empty", ""}, {"Content-Type", "application/json"}},
              .body = method == "GET" ? "" : R"({"a":1})"});
    EXPECT_EQ(answer.status, 202);
    EXPECT_THAT(answer.body, HasSubstr(method + " /show/a%2Fb?q=1\n"));
    EXPECT_THAT(answer.body, HasSubstr("X-Thing: v\n"));
    EXPECT_THAT(answer.body, HasSubstr("X-Empty: \n"));
    EXPECT_THAT(answer.body, HasSubstr(method == "GET" ? "\n\n" : "\n\n{\"a\":1}"));
    EXPECT_EQ(answer.headers.at("x-remote"), "127.0.0.1");
  }
}

TEST_F(ClientTest, SendsAnEmptyBodyWithALength) {
  for (const std::string method : {"POST", "PUT", "PATCH"}) {
    const auto answer = send({.method = method, .url = server_.url("/show")});
    EXPECT_THAT(answer.body, HasSubstr("Content-Length: 0\n")) << method;
  }
  EXPECT_THAT(send({.method = "DELETE", .url = server_.url("/show")}).body, HasSubstr("DELETE /show\n"));
  EXPECT_EQ(send({.method = "HEAD", .url = server_.url("/show")}).status, 202);
}

TEST_F(ClientTest, UnpacksAnswersAndLimitsWhatComesOut) {
  EXPECT_EQ(get("/large?size=1000000").body.size(), 1'000'000u);
  EXPECT_THAT(failure({.url = server_.url("/large?size=1000001"), .answer_limit_bytes = 1'000'000}),
              HasSubstr("invalid: GET " + server_.url("/large") +
                        ": the answer is larger than the limit of 1000000"));
}

TEST_F(ClientTest, FollowsRedirectsToHttpOnly) {
  EXPECT_EQ(get("/redirect?to=/show/x").status, 202);
  EXPECT_THAT(send({.method = "POST", .url = server_.url("/redirect?to=/show/x"), .body = "b"}).body,
              HasSubstr("GET /show/x"));
  EXPECT_EQ(send({.url = server_.url("/redirect?to=/show"), .follow_redirects = false}).status, 302);
  EXPECT_THAT(failure({.url = server_.url("/redirect?to=file:///etc/passwd")}), HasSubstr("invalid: "));
  EXPECT_THAT(failure({.url = server_.url("/redirect?to=/redirect?to=/redirect")}),
              Not(HasSubstr("answer 302")));
}

TEST_F(ClientTest, SaysWhatWentWrongWithoutSecrets) {
  const auto port = [] {  // a port that nobody listens on
    asio::io_context io;
    return asio::ip::tcp::acceptor(io, {asio::ip::address_v4::loopback(), 0}).local_endpoint().port();
  }();
  const auto refused = failure({.url = fmt::format("http://user:secret@127.0.0.1:{}/x?token=secret", port)});
  EXPECT_THAT(refused, HasSubstr(fmt::format("unavailable: GET http://127.0.0.1:{}/x: ", port)));
  EXPECT_THAT(refused, Not(HasSubstr("secret")));
  EXPECT_THAT(failure({.url = server_.url("/never"), .timeout = 50ms}), HasSubstr("timeout: GET "));
  EXPECT_THAT(failure({.url = "ftp://127.0.0.1/"}), HasSubstr("invalid: "));
  EXPECT_THAT(failure({.url = "nonsense"}), HasSubstr("must begin with http://"));
  EXPECT_THAT(failure({.url = "http://"}), HasSubstr("invalid: "));
  EXPECT_THAT(failure({.url = server_.url("/show"), .headers = {{"X", "a\r\nY: b"}}}),
              HasSubstr("line break"));
}

Async<void> send_many(Client& client, std::string url, int count, int& good) {
  for (int i = 0; i < count; ++i) {
    ClientRequest request{.url = url};
    const auto answer = co_await client.send(std::move(request));
    if (answer.status == 202) ++good;
  }
}

TEST_F(ClientTest, CallsManyAtOnce) {
  asio::io_context io;
  int good = 0;
  for (int i = 0; i < 20; ++i)
    asio::co_spawn(io, send_many(client_, server_.url("/show"), 20, good), asio::detached);
  io.run();
  EXPECT_EQ(good, 400);
}

TEST_F(ClientTest, ReadsAStreamAsItComes) {
  SseReader reader;
  int seen = 0;
  std::string head;
  const auto status = run(client_.stream(
      {.url = server_.url("/silent"), .timeout = 0ms},
      [&](std::string_view bytes) {
        seen += static_cast<int>(reader.feed(bytes).size());
        return seen == 0;  // enough
      },
      [&](const ClientResponse& response) {
        head = response.headers.at("content-type");
        return true;
      }));
  EXPECT_EQ(status, 200);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(head, "text/event-stream");
}

TEST_F(ClientTest, ReadsAStreamToItsEnd) {
  SseReader reader;
  std::size_t seen = 0;
  const auto on_bytes = [&](std::string_view bytes) {
    seen += reader.feed(bytes).size();
    return true;
  };
  EXPECT_EQ(run(client_.stream({.url = server_.url("/counting")}, on_bytes)), 200);
  EXPECT_EQ(seen, 5u);
}

TEST_F(ClientTest, GivesUpOnASilentStream) {
  const auto on_bytes = [](std::string_view) { return true; };
  try {
    run(client_.stream({.url = server_.url("/silent"), .timeout = 200ms}, on_bytes));
    FAIL() << "waited for ever";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::Kind::timeout);
    EXPECT_THAT(error.what(), HasSubstr("nothing came for 200 ms"));
  }
}

TEST_F(ClientTest, PassesOnWhatTheReaderThrows) {
  const auto on_bytes = [](std::string_view) -> bool { throw base::Error(base::Kind::invalid, "not mine"); };
  EXPECT_THROW(run(client_.stream({.url = server_.url("/counting")}, on_bytes)), base::Error);
}

TEST_F(ClientTest, CanBeCancelled) {
  asio::io_context io;
  asio::cancellation_signal signal;
  std::exception_ptr outcome;
  ClientRequest request{.url = server_.url("/never"), .timeout = 0ms};
  asio::co_spawn(
      io, client_.send(std::move(request)),
      asio::bind_cancellation_slot(
          signal.slot(), [&](std::exception_ptr error, const ClientResponse&) { outcome = error; }));
  asio::post(io, [&] { signal.emit(asio::cancellation_type::terminal); });
  io.run();
  EXPECT_THROW(std::rethrow_exception(outcome), boost::system::system_error);
}

TEST_F(ClientTest, EndsCallsWhenItGoes) {
  asio::io_context io;
  std::exception_ptr outcome;
  {
    Client client;
    ClientRequest request{.url = server_.url("/never"), .timeout = 0ms};
    asio::co_spawn(io, client.send(std::move(request)),
                   [&](std::exception_ptr error, const ClientResponse&) { outcome = error; });
    io.poll();
  }
  io.run();
  try {
    std::rethrow_exception(outcome);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::Kind::unavailable);
  }
}

}  // namespace
}  // namespace gennaker::net
