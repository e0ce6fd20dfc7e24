#pragma once

#include <atomic>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <mutex>
#include <set>

#include "net/request_parser.h"
#include "net/server.h"

/// Internal to the room: one client of the server.
namespace gennaker::net {

class Connection;

/// What all connections of a server share.
struct ServerShared {
  ServerOptions options;
  Router router;
  std::function<Response(const Request&, std::exception_ptr)> on_error;
  std::function<void(const Request&, Response&)> finish;

  /// Deadlines count the ticks of one timer of the server: setting one costs a store, not a timer.
  std::chrono::milliseconds tick_length{1000};
  std::atomic<std::uint64_t> ticks{0};
  std::atomic<bool> stopping{false};

  std::mutex mutex;
  std::set<Connection*> connections;  ///< guarded by mutex
};

/// The bytes that have come and are not used yet.
class ReadBuffer {
 public:
  std::string_view unread() const { return {bytes_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t count);
  /// Room for at least `count` more bytes, at the end.
  base::asio::mutable_buffer prepare(std::size_t count);
  void commit(std::size_t count) { end_ += count; }

 private:
  std::vector<char> bytes_;
  std::size_t begin_ = 0, end_ = 0;
};

/// Reads requests, answers them one after another. All of it runs on the socket's strand.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = base::asio::ip::tcp::socket;

  /// Makes one and enters it into the server's list.
  static std::shared_ptr<Connection> open(std::shared_ptr<ServerShared> shared, Socket socket);
  Connection(std::shared_ptr<ServerShared> shared, Socket socket);
  ~Connection();

  /// Until the client leaves or has to.
  static Async<void> serve(std::shared_ptr<Connection> self);

  /// Any thread: closes the connection if its deadline has passed.
  void check_deadline(std::uint64_t now);
  /// Any thread: ends the stream, closes an idle connection, lets an answer that is being made be the last.
  void wind_up();

 private:
  enum class Phase { reading, answering, streaming, closing };
  enum class Got { request, refusal, nothing };
  class StreamEnd;
  struct StreamRun;

  Async<Got> read_request();
  Async<bool> read_some(std::size_t count);
  Async<Response> answer();
  Response refuse(std::exception_ptr reason);
  Async<bool> send(Response response);
  Async<bool> send_stream(Response response);
  Async<void> watch_client(std::shared_ptr<StreamRun> run);
  Async<bool> write_all(std::string_view head, std::string_view body);
  Async<void> linger();
  std::string head_of(const Response& response) const;
  void allow(std::chrono::milliseconds patience);
  void close();

  std::shared_ptr<ServerShared> shared_;
  Socket socket_;
  std::string remote_address_;
  RequestParser parser_;
  ReadBuffer buffer_;
  std::exception_ptr refusal_;
  Phase phase_ = Phase::reading;
  bool keep_alive_ = true;
  StreamRun* run_ = nullptr;
  std::atomic<std::uint64_t> deadline_{0};  ///< in ticks; 0: none
};

}  // namespace gennaker::net
