#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <set>

#include "api/respond.h"

/// Whether this server lives, and whether it is of use. What restarts servers asks /health/liveness, which is
/// UP as long as it is answered; what sends requests to them asks /health/readiness, or /health as
/// Spinnaker's services have it: it is DOWN while the store does not answer or takes no changes.
namespace gennaker::api {
namespace {

namespace asio = base::asio;
using std::chrono::milliseconds, std::chrono::seconds;
using Steady = std::chrono::steady_clock;

// Who asks more often than this hears what was found last: however many ask, the store is not kept busy.
constexpr milliseconds between_looks{1000};
// The usual probes give up after as much, or somewhat later.
constexpr milliseconds look_patience{900};
constexpr seconds commit_patience{10};
// Who is waiting for a commit tries again within seconds. When nobody has for so long, nobody knows.
constexpr seconds failure_counts_for{30};

Response up() {
  return respond(json::object{{"status", "UP"}});
}

/// As Spring Boot's actuator says it.
Response down(const std::string& reason) {
  const json::object store{{"status", "DOWN"}, {"details", {{"error", reason}}}};
  return respond(json::object{{"status", "DOWN"}, {"components", {{"store", store}}}}, 503);
}

/// Looks at the store when somebody asks: one look at a time, which reads one row and writes nothing.
/// Threads: the HTTP loop.
class StoreWatch : public std::enable_shared_from_this<StoreWatch> {
 public:
  explicit StoreWatch(store::Store& store) : store_(store) {}

  /// Empty: there is none.
  Async<std::string> trouble() {
    if (!looking_since_ && Steady::now() - looked_at_ >= between_looks) {
      looking_since_ = Steady::now();
      auto executor = co_await asio::this_coro::executor;
      asio::co_spawn(executor, look(shared_from_this()), asio::detached);
    }
    if (looking_since_) {
      auto waiting = wait_for_look();
      co_await std::move(waiting);
    }
    if (looking_since_) co_return fmt::format("the store has not answered for {} ms", since(*looking_since_));
    co_return found_.empty() ? trouble_with_commits() : found_;
  }

 private:
  static std::int64_t since(Steady::time_point time) {
    return std::chrono::duration_cast<milliseconds>(Steady::now() - time).count();
  }

  static Async<void> look(std::shared_ptr<StoreWatch> watch) {
    std::string found;
    try {
      auto reading = watch->store_.feed_range();
      co_await std::move(reading);
    } catch (const std::exception& error) {
      found = error.what();
    }
    watch->found_ = std::move(found);
    watch->looked_at_ = Steady::now();
    watch->looking_since_.reset();
    for (asio::steady_timer* waiter : watch->waiters_) waiter->cancel();
  }

  Async<void> wait_for_look() {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer patience(executor, *looking_since_ + look_patience);
    waiters_.insert(&patience);
    boost::system::error_code ended;
    auto token = asio::redirect_error(asio::use_awaitable, ended);
    co_await patience.async_wait(token);
    waiters_.erase(&patience);
  }

  std::string trouble_with_commits() {
    const store::Pulse pulse = store_.pulse();
    if (pulse.writing > commit_patience)
      return fmt::format("a change has waited for {} s to be written", pulse.writing / seconds(1));
    return pulse.since_failure < failure_counts_for ? pulse.failure : "";
  }

  store::Store& store_;
  std::string found_;  ///< by the last look: what is wrong; empty: nothing
  Steady::time_point looked_at_{};
  std::optional<Steady::time_point> looking_since_;
  std::set<asio::steady_timer*> waiters_;
};

Async<Response> readiness(std::shared_ptr<StoreWatch> watch) {
  auto asking = watch->trouble();
  const std::string trouble = co_await std::move(asking);
  co_return trouble.empty() ? up() : down(trouble);
}

Async<Response> liveness() {
  co_return up();
}

Async<Response> not_ready(std::string reason) {
  co_return down(reason);
}

}  // namespace

void add_health(net::Router& router, const Parts& parts) {
  const auto watch = std::make_shared<StoreWatch>(parts.store);
  for (const std::string_view path : {"/health", "/health/readiness"})
    router.add("GET", path, [watch](const Request&) { return readiness(watch); });
  router.add("GET", "/health/liveness", [](const Request&) { return liveness(); });
}

net::Router make_waiting_router(std::function<std::string()> reason) {
  net::Router router;
  for (const std::string_view path : {"/health", "/health/readiness"})
    router.add("GET", path, [reason](const Request&) { return not_ready(reason()); });
  router.add("GET", "/health/liveness", [](const Request&) { return liveness(); });
  return router;
}

}  // namespace gennaker::api
