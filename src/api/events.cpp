#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <charconv>
#include <fmt/format.h>

#include "api/respond.h"
#include "base/text.h"
#include "net/sse.h"

/// The live stream of changes as server-sent events, resumable by Last-Event-ID.
namespace gennaker::api {
namespace {

namespace asio = boost::asio;

/// A line that means nothing, so that a connection that broke in silence is noticed.
constexpr std::chrono::seconds heartbeat{15};
constexpr std::size_t batch = 256;

using Channel = asio::experimental::channel<void(boost::system::error_code, std::string)>;

/// One open stream: what is to be sent waits in a channel, so that only one writes.
struct Subscription {
  Subscription(const Parts& p, const asio::any_io_executor& executor)
      : parts(p), channel(executor, 256), beat(executor) {}
  const Parts& parts;
  Channel channel;
  asio::steady_timer beat;
  asio::cancellation_signal end_feed;
  std::uint64_t bell = 0;
  std::uint64_t cursor = 0;
  std::string application;  ///< lower case; empty: all
};
using SubscriptionPtr = std::shared_ptr<Subscription>;

Async<bool> send(SubscriptionPtr subscription, std::string text) {
  auto sending = subscription->channel.async_send({}, std::move(text), asio::as_tuple(asio::use_awaitable));
  const auto [error] = co_await std::move(sending);
  co_return !error;
}

bool wanted(const Subscription& subscription, const store::FeedEntry& entry) {
  return subscription.application.empty() || entry.application == subscription.application;
}

Async<void> follow_feed(SubscriptionPtr subscription) {
  for (;;) {
    auto waiting = subscription->parts.feed.next(subscription->cursor, batch);
    const std::vector<store::FeedEntry> entries = co_await std::move(waiting);
    std::string text;
    for (const store::FeedEntry& entry : entries) {
      subscription->cursor = entry.sequence;
      if (wanted(*subscription, entry))
        text += net::sse_event(entry.kind, std::to_string(entry.sequence), entry.body);
    }
    if (text.empty()) continue;
    const bool sent = co_await send(subscription, std::move(text));
    if (!sent) co_return;
  }
}

void beat(const SubscriptionPtr& subscription) {
  subscription->beat.expires_after(heartbeat);
  subscription->beat.async_wait([subscription](boost::system::error_code error) {
    if (error) return;
    subscription->channel.try_send(boost::system::error_code{}, std::string(": still here\n\n"));
    beat(subscription);
  });
}

void listen_to_inventory(const SubscriptionPtr& subscription, const asio::any_io_executor& executor) {
  const std::weak_ptr<Subscription> weak = subscription;
  subscription->bell = subscription->parts.bell.subscribe(
      [weak, executor](const std::string& account, std::uint64_t revision) {
        asio::post(executor, [weak, account, revision] {
          const SubscriptionPtr open = weak.lock();
          if (!open) return;
          const json::object body{{"account", account}, {"revision", revision}};
          // A full channel drops it: the client reads the inventory anew at the next one.
          open->channel.try_send(boost::system::error_code{},
                                 net::sse_event("inventory", std::nullopt, base::to_text(body)));
        });
      });
}

/// Where the stream begins: behind what the client has seen, or with what happens next.
Async<std::string> place_cursor(SubscriptionPtr subscription, std::optional<std::string> last_event_id) {
  const store::Store::FeedRange range = co_await subscription->parts.store.feed_range();
  subscription->cursor = range.newest;
  if (!last_event_id) co_return ": welcome\n\n";
  std::uint64_t seen = 0;
  const char* end = last_event_id->data() + last_event_id->size();
  const auto [stop, error] = std::from_chars(last_event_id->data(), end, seen);
  const bool readable = error == std::errc() && stop == end;
  const bool kept = readable && seen <= range.newest && (seen + 1 >= range.oldest || range.newest == 0);
  if (!kept) co_return net::sse_event("reset", std::to_string(range.newest), "{}");
  subscription->cursor = seen;
  co_return ": welcome back\n\n";
}

void close(const SubscriptionPtr& subscription) {
  subscription->parts.bell.unsubscribe(subscription->bell);
  subscription->beat.cancel();
  subscription->channel.close();
  subscription->end_feed.emit(asio::cancellation_type::terminal);
}

Async<void> serve(SubscriptionPtr subscription, std::optional<std::string> last_event_id,
                  net::Stream& stream) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  std::string first = co_await place_cursor(subscription, std::move(last_event_id));
  auto greeting = stream.write(std::move(first));
  co_await std::move(greeting);
  listen_to_inventory(subscription, executor);
  beat(subscription);
  asio::co_spawn(executor, follow_feed(subscription),
                 asio::bind_cancellation_slot(subscription->end_feed.slot(), asio::detached));
  std::exception_ptr failure;
  try {
    for (;;) {
      auto receiving = subscription->channel.async_receive(asio::use_awaitable);
      std::string text = co_await std::move(receiving);
      auto writing = stream.write(std::move(text));
      co_await std::move(writing);
    }
  } catch (...) {
    failure = std::current_exception();
  }
  close(subscription);
  std::rethrow_exception(failure);
}

Async<Response> events(const Parts& parts, Request request) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto subscription = std::make_shared<Subscription>(parts, executor);
  subscription->application = base::lower_case(request.query.get_or("application", ""));
  std::optional<std::string> last_event_id = request.query.get("lastEventId");
  if (const auto header = request.headers.find("Last-Event-ID"); header != request.headers.end()) {
    last_event_id = header->second;
  }
  Response response;
  response.headers["Content-Type"] = "text/event-stream";
  response.headers["Cache-Control"] = "no-cache";
  response.stream = [subscription, last_event_id](net::Stream& stream) {
    return serve(subscription, last_event_id, stream);
  };
  co_return response;
}

}  // namespace

void add_events(net::Router& router, const Parts& parts) {
  route(router, parts, "GET", "/events", events);
}

}  // namespace gennaker::api
