#include "server/waiting_room.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "api/api.h"
#include "base/error.h"
#include "base/logging.h"
#include "net/server.h"
#include "server/open_store.h"

namespace gennaker::server {
namespace {

namespace asio = boost::asio;
using base::Error;
using std::chrono::seconds;

constexpr seconds between_attempts{1};
// The same reason again is worth a line of the log only once in so many attempts.
constexpr int attempts_a_line = 60;

/// Answers while there is no store. Everything that is not about health is told to come later.
class WaitingRoom {
 public:
  WaitingRoom(const Options& options, std::string reason)
      : reason_(std::move(reason)),
        server_(
            context_.get_executor(), {.address = options.address, .port = options.port},
            api::make_waiting_router([this] { return this->reason(); }),
            [this](const net::Request& request, const std::exception_ptr&) { return refusal_of(request); },
            [](const net::Request&, net::Response&) {}) {
    server_.start();
    thread_ = std::thread([this] { context_.run(); });
  }
  /// Frees the port.
  ~WaitingRoom() {
    server_.stop();
    thread_.join();
  }
  WaitingRoom(const WaitingRoom&) = delete;
  WaitingRoom& operator=(const WaitingRoom&) = delete;

  void set_reason(std::string reason) {
    const std::lock_guard lock(mutex_);
    reason_ = std::move(reason);
  }

 private:
  std::string reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
  }
  net::Response refusal_of(const net::Request& request) const {
    const Error error(base::Kind::unavailable, fmt::format("the server waits for its store: {}", reason()));
    return api::to_response(clock_, request, std::make_exception_ptr(error));
  }

  mutable std::mutex mutex_;
  std::string reason_;
  base::SystemClock clock_;
  asio::io_context context_{1};
  net::Server server_;
  std::thread thread_;
};

/// nullptr: not now, for the reason that is told.
std::unique_ptr<store::Store> try_to_open(const Options& options, std::string& reason) {
  try {
    return open_store(options);
  } catch (const Error& error) {
    if (!error.worth_retrying() || !is_postgres(options.store)) throw;
    reason = error.what();
    return nullptr;
  }
}

/// Nothing ends it early: a signal to stop ends the process.
void pause() {
  asio::io_context context{1};
  asio::steady_timer timer(context, between_attempts);
  timer.async_wait([](boost::system::error_code) {});
  context.run();
}

}  // namespace

std::unique_ptr<store::Store> open_store_when_it_answers(const Options& options) {
  std::string reason, told;
  if (auto store = try_to_open(options, reason)) return store;
  WaitingRoom room(options, reason);
  for (int attempt = 0;; ++attempt) {
    if (reason != told || attempt % attempts_a_line == 0)
      base::log::warn("waiting for the store, not ready until then: {}", reason);
    told = reason;
    pause();
    if (auto store = try_to_open(options, reason)) return store;
    room.set_reason(reason);
  }
}

}  // namespace gennaker::server
