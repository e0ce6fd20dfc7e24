#include "net/server.h"

#include <boost/asio/as_tuple.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "net/test_server.h"

namespace gennaker::net {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawClient;
using ::testing::StartsWith;
using testing::TestServer;
namespace asio = base::asio;

Async<Response> echo(const Request& request) {
  co_return Response{.headers = {{"Content-Type", "text/plain"}},
                     .body = fmt::format("{} {} {}", request.method, request.target, request.body)};
}

Async<Response> fail(const Request&) {
  throw base::Error(base::Kind::not_found, "application 'x' is not there");
  co_return Response{};
}

Async<Response> large(const Request& request) {
  const auto size = static_cast<std::size_t>(request.query.number("size", 10'000, 0, 100'000'000));
  co_return Response{.headers = {{"Content-Type", "application/json;charset=utf-8"}},
                     .body = std::string(size, 'x')};
}

Async<Response> evil(const Request& request) {
  co_return Response{.headers = {{"X-Echo", request.query.get_or("text", "")}, {"Content-Length", "999"}}};
}

Async<void> count_to_three(Stream& stream) {
  for (int i = 1; i <= 3; ++i) {
    auto chunk = fmt::format("{}\n", i);
    co_await stream.write(std::move(chunk));
  }
}

Async<Response> three(const Request&) {
  co_return Response{.stream = count_to_three};
}

Async<void> break_off(Stream& stream) {
  std::string chunk = "half";
  co_await stream.write(std::move(chunk));
  throw base::Error(base::Kind::internal, "broken");
}

Async<Response> broken(const Request&) {
  co_return Response{.stream = break_off};
}

/// Says something, then waits without end; tells how that ended.
Async<void> wait_forever(std::shared_ptr<std::promise<std::string>> outcome, Stream& stream) {
  std::string chunk = "hello";
  co_await stream.write(std::move(chunk));
  asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  outcome->set_value(error.message());
  co_await timer.async_wait(asio::use_awaitable);  // cancelled coroutines get no further
}

Async<Response> forever(std::shared_ptr<std::promise<std::string>> outcome) {
  co_return Response{.headers = {{"Content-Type", "text/event-stream"}},
                     .stream = [outcome](Stream& stream) { return wait_forever(outcome, stream); }};
}

Async<void> flood(std::shared_ptr<std::promise<std::string>> outcome, Stream& stream) {
  std::string failure;
  try {
    for (;;) {
      std::string chunk(1'000'000, 'x');
      co_await stream.write(std::move(chunk));
    }
  } catch (const base::Error& error) {
    failure = base::to_string(error.kind());
  } catch (const std::exception& error) {
    failure = error.what();
  }
  outcome->set_value(failure);
}

Async<Response> flooding(std::shared_ptr<std::promise<std::string>> outcome) {
  co_return Response{.stream = [outcome](Stream& stream) { return flood(outcome, stream); }};
}

class ServerTest : public ::testing::Test {
 protected:
  Router router() {
    Router router;
    for (const auto* method : {"GET", "POST", "PUT"}) router.add(method, "/echo/{rest...}", echo);
    router.add("GET", "/fail", fail);
    router.add("GET", "/large", large);
    router.add("GET", "/evil", evil);
    router.add("GET", "/three", three);
    router.add("GET", "/broken", broken);
    router.add("GET", "/forever", [outcome = outcome_](const Request&) { return forever(outcome); });
    router.add("GET", "/flood", [outcome = outcome_](const Request&) { return flooding(outcome); });
    return router;
  }
  TestServer& start(ServerOptions options = {}) { return server_.emplace(router(), options); }
  /// The whole answer to one request whose connection the client lets go.
  std::string ask(const std::string& request) {
    RawClient client(server_->port());
    client.send(request);
    client.half_close();
    return client.read_all();
  }
  std::string outcome() {
    auto future = outcome_->get_future();
    return future.wait_for(10s) == std::future_status::ready ? future.get() : "still waiting";
  }

  std::shared_ptr<std::promise<std::string>> outcome_ = std::make_shared<std::promise<std::string>>();
  std::optional<TestServer> server_;
};

TEST_F(ServerTest, AnswersAGetWithALength) {
  start();
  const auto answer = ask("GET /echo/a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 16\r\n"));
  EXPECT_THAT(answer, HasSubstr("X-Method: GET\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nGET /echo/a?x=1 "));
}

TEST_F(ServerTest, KeepsTheConnectionForHttp11AndOnRequestForHttp10) {
  start();
  RawClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    client.send("POST /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_THAT(client.read_until("hi"), EndsWith("POST /echo/ hi"));
  }
  client.send("GET /echo/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(client.read_until("GET /echo/ "), HasSubstr("Connection: keep-alive\r\n"));
  client.send("GET /echo/ HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.read_all(), HasSubstr("Connection: close\r\n"));
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrderHoweverTheyAreCut) {
  start();
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests += fmt::format("PUT /echo/{} HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nb{:02}", i, i);
  }
  for (const std::size_t step : {requests.size(), std::size_t{7}, std::size_t{61}}) {
    RawClient client(server_->port());
    for (std::size_t i = 0; i < requests.size(); i += step) client.send(requests.substr(i, step));
    for (int i = 0; i < 20; ++i) {
      const auto end = fmt::format("PUT /echo/{} b{:02}", i, i);
      EXPECT_THAT(client.read_until(end), EndsWith(end));
    }
  }
}

TEST_F(ServerTest, ReadsChunkedBodies) {
  start();
  const auto answer =
      ask("POST /echo/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
          "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n");
  EXPECT_THAT(answer, EndsWith("POST /echo/ abcde"));
}

TEST_F(ServerTest, SaysContinueToWhoWaitsForIt) {
  start();
  RawClient client(server_->port());
  client.send("POST /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_THAT(client.read_until("ok"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(ServerTest, SendsNoBodyForHead) {
  start();
  const auto answer = ask("HEAD /echo/ HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 12\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
  EXPECT_THAT(ask("HEAD /three HTTP/1.1\r\nHost: h\r\n\r\n"), EndsWith("Transfer-Encoding: chunked\r\n\r\n"))
      << "a stream is not run for HEAD";
}

TEST_F(ServerTest, TurnsExceptionsIntoAnswersAndGoesOn) {
  start();
  RawClient client(server_->port());
  client.send("GET /fail HTTP/1.1\r\nHost: h\r\n\r\nGET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_until("is not there"), StartsWith("HTTP/1.1 404 Not Found"));
  EXPECT_THAT(client.read_until("nothing at /nothing"), StartsWith("HTTP/1.1 404 Not Found"));
  client.send("DELETE /echo/1 HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto refused = client.read_until("use GET, HEAD, POST, PUT");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 405 Method Not Allowed"));
  EXPECT_THAT(refused, HasSubstr("Allow: GET, HEAD, POST, PUT\r\n"));
}

TEST_F(ServerTest, KnowsNoPathForOptionsAlone) {
  Router router;
  router.add("OPTIONS", "/{rest...}", echo);
  router.add("GET", "/fail", fail);
  server_.emplace(std::move(router), ServerOptions());
  EXPECT_THAT(ask("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 404 Not Found"));
  EXPECT_THAT(ask("PUT /fail HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 405 Method Not Allowed"));
}

TEST_F(ServerTest, LetsNoHeaderBeSmuggledIntoAnAnswer) {
  start();
  const auto answer = ask("GET /evil?text=a%0d%0aSet-Cookie:%20x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("X-Echo: a  Set-Cookie: x\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 0\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("999")));
}

struct Bad {
  std::string_view name;
  std::string request;
  std::string_view status;
};
void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.name;
}
class BadRequest : public ServerTest, public ::testing::WithParamInterface<Bad> {};

TEST_P(BadRequest, IsRefusedThenTheConnectionIsClosed) {
  start({.body_limit_bytes = 1000});
  RawClient client(server_->port());
  client.send(GetParam().request);  // and no half-close: the server ends it
  const auto answer = client.read_all();
  EXPECT_THAT(answer, StartsWith(fmt::format("HTTP/1.1 {} ", GetParam().status)));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(ask("GET /echo/ HTTP/1.1\r\nHost: h\r\n\r\n"), HasSubstr("200 OK")) << "others must not notice";
}

std::string many_headers() {
  std::string request = "GET /echo/ HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 2000; ++i) request += fmt::format("X-Header-{}: some value that takes room\r\n", i);
  return request + "\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Requests, BadRequest,
    ::testing::Values(
        Bad{"not HTTP", "\x16\x03\x01 hello\r\n\r\n", "400"},
        Bad{"another version", "GET / HTTP/3.0\r\n\r\n", "400"},
        Bad{"no host", "GET /echo/ HTTP/1.1\r\n\r\n", "400"},
        Bad{"a target without a slash", "GET echo HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
        Bad{"a length that is no number", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", "400"},
        Bad{"two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "400"},
        Bad{"a length and chunks",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "400"},
        Bad{"a malformed chunk", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "400"},
        Bad{"too long a body", "POST /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", "413"},
        Bad{"too many chunks",
            "POST /echo/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                std::string(1001, 'x'),
            "413"},
        Bad{"too long a header", "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(100'000, 'x'), "431"},
        Bad{"too long a target", "GET /" + std::string(100'000, 'x'), "431"},
        Bad{"too many headers", many_headers(), "431"}));

TEST_F(ServerTest, CountsHeadersThatComeOneByOne) {
  start();
  RawClient client(server_->port());
  client.send("GET /echo/ HTTP/1.1\r\nHost: h\r\n");
  const auto line = "X: " + std::string(1000, 'x') + "\r\n";
  for (int i = 0; i < 100 && client.send(line); ++i) {
  }
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 431 "));
}

TEST_F(ServerTest, AnswersWhoStillSendsTooMuch) {
  start();
  RawClient client(server_->port());
  client.send("POST /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: 12000000\r\n\r\n");
  client.send(std::string(12'000'000, 'x'));
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(ServerTest, PacksTextForWhoTakesIt) {
  start();
  const std::string head = "GET /large HTTP/1.1\r\nHost: h\r\n";
  const auto plain = ask(head + "\r\n");
  EXPECT_THAT(plain, HasSubstr("Content-Length: 10000\r\n"));
  EXPECT_THAT(plain, HasSubstr("Vary: Accept-Encoding\r\n"));
  const auto packed = ask(head + "Accept-Encoding: br, gzip\r\n\r\n");
  EXPECT_THAT(packed, HasSubstr("Content-Encoding: gzip\r\n"));
  auto body = packed.substr(packed.find("\r\n\r\n") + 4);
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string text(20'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(text.substr(0, stream.total_out), std::string(10'000, 'x'));
  inflateEnd(&stream);
  EXPECT_THAT(ask("GET /large?size=1023 HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n"),
              HasSubstr("Content-Length: 1023\r\n"));
}

TEST_F(ServerTest, StreamsInChunks) {
  start();
  RawClient client(server_->port());
  client.send("GET /three HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_until("0\r\n\r\n"),
              EndsWith("Transfer-Encoding: chunked\r\n\r\n2\r\n1\n\r\n2\r\n2\n\r\n2\r\n3\n\r\n0\r\n\r\n"));
  client.send("GET /echo/ HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_until("GET /echo/ "), HasSubstr("200 OK")) << "the connection goes on";
}

TEST_F(ServerTest, StreamsToHttp10UntilTheEnd) {
  start();
  RawClient client(server_->port());
  client.send("GET /three HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(client.read_all(), EndsWith("Connection: close\r\n\r\n1\n2\n3\n"));
}

TEST_F(ServerTest, DoesNotMakeABrokenStreamLookWhole) {
  start();
  RawClient client(server_->port());
  client.send("GET /broken HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_all(), EndsWith("4\r\nhalf\r\n"));
}

TEST_F(ServerTest, AnswersWhatWasAskedDuringAStream) {
  start();
  RawClient client(server_->port());
  client.send("GET /three HTTP/1.1\r\nHost: h\r\n\r\nGET /echo/next HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_until("GET /echo/next "), HasSubstr("0\r\n\r\nHTTP/1.1 200 OK"));
}

TEST_F(ServerTest, CancelsAStreamWhoseClientLeaves) {
  start();
  RawClient client(server_->port());
  client.send("GET /forever HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_until("hello");
  client.socket().close();
  EXPECT_EQ(outcome(), "Operation canceled");
}

TEST_F(ServerTest, CancelsAStreamWhoseClientIsKilled) {
  start();
  RawClient client(server_->port());
  client.send("GET /forever HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_until("hello");
  client.reset();
  EXPECT_EQ(outcome(), "Operation canceled");
}

TEST_F(ServerTest, KeepsASilentStreamButNoSilentConnection) {
  start({.idle_timeout = 100ms});
  RawClient watching(server_->port()), idle(server_->port()), slow(server_->port());
  watching.send("GET /forever HTTP/1.1\r\nHost: h\r\n\r\n");
  watching.read_until("hello");
  slow.send("GET /echo/ HT");
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(slow.read_all(), "");
  auto future = outcome_->get_future();
  EXPECT_EQ(future.wait_for(300ms), std::future_status::timeout) << "the stream was cut";
}

TEST_F(ServerTest, GivesUpOnABodyThatDoesNotCome) {
  start({.idle_timeout = 100ms});
  RawClient client(server_->port());
  client.send("POST /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nx");
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(ServerTest, GivesUpOnAReaderThatDoesNotRead) {
  start({.idle_timeout = 100ms});
  RawClient client(server_->port());
  client.send("GET /flood HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(outcome(), "still waiting");
}

TEST_F(ServerTest, SendsAllOfALargeAnswer) {
  start();
  const auto answer = ask("GET /large?size=20000000 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_GT(answer.size(), 20'000'000u);
}

TEST_F(ServerTest, SurvivesClientsThatReset) {
  start();
  for (int i = 0; i < 50; ++i) {
    RawClient client(server_->port());
    client.send("GET /large?size=5000000 HTTP/1.1\r\nHost: h\r\n\r\nGET /ech");
    client.reset();
  }
  EXPECT_THAT(ask("GET /echo/ HTTP/1.1\r\nHost: h\r\n\r\n"), HasSubstr("200 OK"));
}

TEST_F(ServerTest, EndsAllWhenItStops) {
  start();
  RawClient watching(server_->port()), idle(server_->port());
  watching.send("GET /forever HTTP/1.1\r\nHost: h\r\n\r\n");
  watching.read_until("hello");
  idle.send("GET /echo/ HTTP/1.1\r\nHost: h\r\n\r\n");
  idle.read_until("GET /echo/ ");
  server_->server().stop();
  EXPECT_THAT(watching.read_all(), EndsWith("0\r\n\r\n"));
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(outcome(), "Operation canceled");
  watching.socket().close();
  server_->join();  // no work is left
}

TEST_F(ServerTest, NamesAPortThatIsTaken) {
  start();
  asio::io_context io;
  Server second(io.get_executor(), {.port = server_->port()}, router(), testing::plain_error,
                [](const Request&, Response&) {});
  try {
    second.start();
    FAIL() << "started twice";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::Kind::conflict);
    EXPECT_THAT(error.what(), HasSubstr(std::to_string(server_->port())));
  }
}

TEST_F(ServerTest, RefusesAnAddressThatIsNone) {
  asio::io_context io;
  for (const auto* address : {"nonsense", "192.0.2.1"}) {
    Server server(io.get_executor(), {.address = address, .port = 0}, router(), testing::plain_error,
                  [](const Request&, Response&) {});
    try {
      server.start();
      ADD_FAILURE() << address;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::Kind::invalid);
      EXPECT_THAT(error.what(), HasSubstr(address));
    }
  }
}

}  // namespace
}  // namespace gennaker::net
