#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/client.h"
#include "net/test_server.h"
#include "net/test_tls.h"

/// Bodies that are streamed both ways, UNIX sockets and certificates.
namespace gennaker::net {
namespace {

using namespace std::chrono_literals;
using testing::answer_once;
using ::testing::HasSubstr;
using testing::run;
using testing::TestAuthority;
using testing::TestServer;
using testing::TlsServer;
namespace asio = base::asio;
namespace fs = std::filesystem;

/// "<kind>: <message>", or "" when there is no failure.
template <class Work>
std::string failure_of(Work work) {
  try {
    work();
    return "";
  } catch (const base::Error& error) {
    return fmt::format("{}: {}", base::to_string(error.kind()), error.what());
  }
}

/// Answers one request on a socket of its own.
class UnixServer {
 public:
  explicit UnixServer(std::string answer) : answer_(std::move(answer)) {
    std::string pattern = (fs::temp_directory_path() / "gennaker-net-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = pattern;
    acceptor_.emplace(io_, asio::local::stream_protocol::endpoint(path()));
    thread_ = std::thread([this] {
      auto socket = acceptor_->accept();
      request_ = answer_once(socket, answer_);
    });
  }
  ~UnixServer() {
    if (thread_.joinable()) {
      asio::local::stream_protocol::socket(io_).connect(asio::local::stream_protocol::endpoint(path()));
      thread_.join();
    }
    fs::remove_all(directory_);
  }
  std::string path() const { return (directory_ / "server.sock").string(); }
  std::string request() {
    thread_.join();
    return request_;
  }

 private:
  std::string answer_, request_;
  fs::path directory_;
  asio::io_context io_;
  std::optional<asio::local::stream_protocol::acceptor> acceptor_;
  std::thread thread_;
};

TEST(ClientUnixSocket, CallsWhoListensThere) {
  UnixServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  Client client;
  const auto answer =
      run(client.send({.url = "http://localhost/v1/thing?a=1", .unix_socket = server.path()}));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hi");
  EXPECT_THAT(server.request(), HasSubstr("GET /v1/thing?a=1 HTTP/1.1\r\nHost: localhost\r\n"));
}

TEST(ClientUnixSocket, SaysWhatTheMatterIsWithTheSocket) {
  Client client;
  const auto failure = [&](const std::string& path) {
    return failure_of([&] { run(client.send({.url = "http://localhost/x", .unix_socket = path})); });
  };
  EXPECT_EQ(
      failure("/nowhere/x.sock"),
      "unavailable: GET http://localhost/x on /nowhere/x.sock: cannot connect: No such file or directory");
  EXPECT_THAT(failure("/" + std::string(107, 'x')), HasSubstr("invalid: "));
}

class ClientTls : public ::testing::Test {
 protected:
  ClientTls() {
    authority_.issue("server");
    authority_.issue("client");
  }
  /// "200", or the failure.
  std::string call(TlsFiles tls) {
    const TlsServer server(authority_, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    std::string status;
    const std::string failure = failure_of([&] {
      Client client;
      status = std::to_string(run(client.send({.url = server.url(), .tls = std::move(tls)})).status);
    });
    return failure.empty() ? status : failure;
  }
  TestAuthority authority_;
};

TEST_F(ClientTls, ShowsItsCertificateAndChecksTheOther) {
  const TlsFiles ours{.ca_file = authority_.ca_file(),
                      .certificate_file = authority_.file("client.pem"),
                      .key_file = authority_.file("client.key")};
  EXPECT_EQ(call(ours), "200");
  TlsFiles without = ours;
  without.certificate_file = without.key_file = "";
  EXPECT_THAT(call(without), HasSubstr("unavailable: "));
  TlsFiles trusting_others = ours;
  trusting_others.ca_file = "";
  EXPECT_THAT(call(trusting_others), AllOf(HasSubstr("unavailable: "), HasSubstr("certificate")));
}

TEST_F(ClientTls, NamesFilesThatCannotBeUsed) {
  Client client;
  const TestServer server{Router()};
  const auto failure = [&](TlsFiles tls) {
    const std::string url = fmt::format("https://127.0.0.1:{}/", server.port());
    return failure_of([&] { run(client.send({.url = url, .tls = std::move(tls)})); });
  };
  EXPECT_THAT(failure({.ca_file = "/nowhere.pem"}), HasSubstr("invalid: "));
  EXPECT_THAT(failure({.certificate_file = "/nowhere.pem", .key_file = "/nowhere.key"}),
              HasSubstr("invalid: "));
  EXPECT_THAT(failure({}), HasSubstr("unavailable: ")) << "it does not speak TLS";
}

/// What the handlers below have done.
struct Seen {
  std::atomic<std::size_t> written = 0;
  std::atomic<bool> left = false;
} seen;

constexpr std::size_t flood_bytes = 64 * 1024 * 1024;

Async<void> flood(Stream& stream) {
  const std::string piece(64 * 1024, 'x');
  while (seen.written < flood_bytes) {
    std::string copy = piece;
    co_await stream.write(std::move(copy));
    seen.written += piece.size();
  }
}

struct NoteLeaving {
  ~NoteLeaving() { seen.left = true; }
};

Async<void> one_word(Stream& stream) {
  const NoteLeaving note;
  std::string word = "word";
  co_await stream.write(std::move(word));
  co_await base::sleep_for(1h);
}

Async<Response> flooding(const Request&) {
  seen.written = 0;
  co_return Response{.stream = flood};
}

Async<Response> one_word_only(const Request&) {
  seen.left = false;
  co_return Response{.headers = {{"X-Thing", "v"}}, .stream = one_word};
}

Async<Response> measure(const Request& request) {
  co_return Response{.body = fmt::format("{} {} {}", request.method, request.body.size(),
                                         request.header_or("Transfer-Encoding", "-"))};
}

Async<Response> refuse_all(const Request&) {
  co_return Response{.status = 400, .body = "no"};
}

Router router() {
  Router router;
  router.add("GET", "/flood", flooding);
  router.add("GET", "/word", one_word_only);
  for (const auto* method : {"POST", "PUT"}) router.add(method, "/measure", measure);
  router.add("POST", "/refuse", refuse_all);
  return router;
}

class ClientStream : public ::testing::Test {
 protected:
  TestServer server_{router(), {.body_limit_bytes = 64 * 1024 * 1024}};
  Client client_;
};

Async<std::string> read_all(Client& client, ClientRequest request) {
  auto stream = co_await client.open(std::move(request));
  std::string text = std::to_string(stream->head().status) + " ";
  for (;;) {
    const std::string bytes = co_await stream->read();
    if (bytes.empty()) co_return text;
    text += bytes;
  }
}

Async<std::size_t> read_late(Client& client, ClientRequest request, std::size_t& written_meanwhile) {
  auto stream = co_await client.open(std::move(request));
  co_await base::sleep_for(300ms);
  written_meanwhile = seen.written;
  std::size_t size = 0;
  for (;;) {
    const std::string bytes = co_await stream->read();
    if (bytes.empty()) co_return size;
    size += bytes.size();
  }
}

TEST_F(ClientStream, HoldsUpWhoWritesWhileNobodyReads) {
  std::size_t meanwhile = 0;
  ClientRequest request{.url = server_.url("/flood")};
  EXPECT_EQ(run(read_late(client_, std::move(request), meanwhile)), flood_bytes);
  EXPECT_LT(meanwhile, flood_bytes / 2) << "more than sockets hold";
}

Async<void> read_on(Client& client, ClientRequest request, std::string& text) {
  auto stream = co_await client.open(std::move(request));
  EXPECT_EQ(stream->head().headers.at("x-thing"), "v");
  for (;;) text += co_await stream->read();
}

TEST_F(ClientStream, CanBeCancelledWhileItReads) {
  asio::io_context io;
  asio::cancellation_signal signal;
  std::exception_ptr outcome;
  std::string text;
  ClientRequest request{.url = server_.url("/word"), .timeout = 0ms};
  asio::co_spawn(io, read_on(client_, std::move(request), text),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) { outcome = e; }));
  while (text.empty()) io.run_one();
  asio::post(io, [&] { signal.emit(asio::cancellation_type::terminal); });
  io.run();
  EXPECT_EQ(text, "word");
  try {
    std::rethrow_exception(outcome);
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), asio::error::operation_aborted);
  }
  for (int i = 0; i < 500 && !seen.left; ++i) run(base::sleep_for(10ms));
  EXPECT_TRUE(seen.left) << "the connection is still there";
}

TEST_F(ClientStream, GivesUpOnSilence) {
  std::string text;
  ClientRequest request{.url = server_.url("/word"), .timeout = 200ms};
  EXPECT_THAT(failure_of([&] { run(read_on(client_, std::move(request), text)); }),
              HasSubstr("timeout: GET " + server_.url("/word") + ": nothing came for 200 ms"));
  EXPECT_EQ(text, "word");
}

TEST_F(ClientStream, SaysThatTheConnectionBroke) {
  UnixServer server("HTTP/1.1 200 OK\r\nX-Thing: v\r\nContent-Length: 100\r\n\r\nhalf");
  std::string text;
  ClientRequest request{.url = "http://localhost/", .unix_socket = server.path()};
  EXPECT_THAT(failure_of([&] { run(read_on(client_, std::move(request), text)); }),
              HasSubstr("unavailable: GET http://localhost/ on "));
  EXPECT_EQ(text, "half");
  ClientRequest again{.url = "http://localhost/", .unix_socket = "/nowhere"};
  EXPECT_THAT(failure_of([&] { run(read_on(client_, std::move(again), text)); }),
              HasSubstr("cannot connect"));
}

/// Gives `count` pieces of `size` bytes.
struct Pieces {
  int count;
  std::size_t size;
  int asked = 0;
};

Async<std::string> next_piece(std::shared_ptr<Pieces> pieces) {
  ++pieces->asked;
  co_await base::sleep_for(0ms);
  if (pieces->count < 0) throw base::Error(base::Kind::invalid, "the file has gone");
  co_return pieces->count-- > 0 ? std::string(pieces->size, 'x') : "";
}

BodySource source_of(const std::shared_ptr<Pieces>& pieces) {
  return [pieces] { return next_piece(pieces); };
}

TEST_F(ClientStream, SendsABodyPieceByPiece) {
  for (const std::string method : {"POST", "PUT"}) {
    const auto few = std::make_shared<Pieces>(Pieces{.count = 3, .size = 5});
    ClientRequest request{.method = method, .url = server_.url("/measure"), .body_source = source_of(few)};
    EXPECT_EQ(run(client_.send(std::move(request))).body, method + " 15 chunked");
    EXPECT_EQ(few->asked, 4);
  }
  const auto many = std::make_shared<Pieces>(Pieces{.count = 300, .size = 100'000});
  ClientRequest large{.method = "POST", .url = server_.url("/measure"), .body_source = source_of(many)};
  EXPECT_EQ(run(read_all(client_, std::move(large))), "200 POST 30000000 chunked");
  const auto none = std::make_shared<Pieces>(Pieces{.count = 0, .size = 1});
  ClientRequest empty{.method = "POST", .url = server_.url("/measure"), .body_source = source_of(none)};
  EXPECT_EQ(run(client_.send(std::move(empty))).body, "POST 0 chunked");
}

TEST_F(ClientStream, PassesOnWhatTheSourceThrows) {
  const auto pieces = std::make_shared<Pieces>(Pieces{.count = -1, .size = 5});
  ClientRequest request{.method = "POST", .url = server_.url("/measure"), .body_source = source_of(pieces)};
  EXPECT_EQ(failure_of([&] { run(client_.send(std::move(request))); }), "invalid: the file has gone");
}

TEST_F(ClientStream, StopsAskingWhenNobodyListens) {
  const auto pieces = std::make_shared<Pieces>(Pieces{.count = 1000, .size = 100'000});
  ClientRequest request{.method = "POST",
                        .url = "http://localhost/",
                        .unix_socket = "/nowhere",
                        .body_source = source_of(pieces)};
  EXPECT_THAT(failure_of([&] { run(client_.send(std::move(request))); }), HasSubstr("cannot connect"));
  EXPECT_LE(pieces->asked, 2);
}

TEST_F(ClientStream, SendsAWholeBodyToWhoDoesNotLikeIt) {
  const auto pieces = std::make_shared<Pieces>(Pieces{.count = 10, .size = 100'000});
  ClientRequest request{.method = "POST", .url = server_.url("/refuse"), .body_source = source_of(pieces)};
  EXPECT_EQ(run(read_all(client_, std::move(request))), "400 no");
}

}  // namespace
}  // namespace gennaker::net
