#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <fmt/format.h>
#include <iostream>

#include "base/async.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "model/execution_json.h"
#include "net/sse.h"

namespace gennaker::cli {
namespace {

namespace asio = base::asio;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds at_most_every = 200ms;  ///< look-ups while events rush in
constexpr milliseconds at_least_every = 5s;    ///< should an event be lost
constexpr milliseconds patience = 60s;         ///< with a server that does not answer
constexpr milliseconds patience_for_new = 10s;

/// What the event stream tells the watch. Lives as long as either.
struct News {
  explicit News(const asio::any_io_executor& executor) : timer(executor), executor(executor) {}
  asio::steady_timer timer;  ///< cancelled when there is news
  asio::any_io_executor executor;
  bool changed = false, interrupted = false, ended = false;
  net::SseReader reader;  ///< the client's thread's while a stream runs

  void tell() {
    changed = true;
    timer.cancel();
  }
};

bool concerns(const net::SseEvent& event, const std::string& execution_id) {
  if (event.event == "reset") return true;
  if (event.event != "execution") return false;
  try {
    const auto data = base::parse_json_object(event.data, "the event");
    const auto* execution = base::find_object(data, "execution");
    return execution && base::string_or(*execution, "id", "") == execution_id;
  } catch (const base::Error&) {
    return true;  // whatever it was, a look does no harm
  }
}

/// Listens to the server's events, again and again, until the watch has ended.
Async<void> listen(std::shared_ptr<News> news, net::Client& client, std::string url,
                   std::string execution_id) {
  std::string last_id;
  milliseconds pause = 250ms;
  asio::steady_timer timer(news->executor);
  while (!news->ended) {
    net::ClientRequest request{.url = url, .timeout = 60s};
    request.headers["Accept"] = "text/event-stream";
    if (!last_id.empty()) request.headers["Last-Event-ID"] = last_id;
    news->reader = net::SseReader();
    auto on_bytes = [news, execution_id, begun = false](std::string_view bytes) mutable {
      // The stream tells what happens from now on: what did before it began, a look will show.
      bool relevant = !std::exchange(begun, true);
      for (const auto& event : news->reader.feed(bytes)) relevant = concerns(event, execution_id) || relevant;
      if (relevant) asio::post(news->executor, [news] { news->tell(); });
      return true;
    };
    int status = 0;
    try {
      status = co_await client.stream(std::move(request), std::move(on_bytes));
    } catch (const base::Error&) {
      // The look-ups notice by themselves when the server is away.
    }
    if (!news->reader.last_id().empty()) {
      last_id = news->reader.last_id();
      pause = 250ms;
    }
    if (status == 404 || status == 501) co_return;  // a server without events: the look-ups must do
    // What happened meanwhile comes with the next events, but why wait for them.
    if (!news->ended) news->tell();
    timer.expires_after(pause);
    co_await timer.async_wait(as_tuple);
    pause = std::min(pause * 2, milliseconds(5s));
  }
}

Async<void> wait_for_interrupt(std::shared_ptr<News> news, std::shared_ptr<asio::signal_set> signals) {
  const auto [error, number] = co_await signals->async_wait(as_tuple);
  if (error) co_return;
  news->interrupted = true;
  news->tell();
}

/// Draws a block over the last one, or prints what changed.
class Display {
 public:
  explicit Display(Context& context)
      : context_(context),
        silent_(context.quiet || context.format == Format::json),
        live_(!silent_ && context.around.terminal) {}

  bool live() const { return live_; }

  void show(const model::Execution& execution, const std::string& notice) {
    if (silent_) return;
    if (live_) {
      draw(execution, notice);
    } else {
      print(execution);
    }
    shown_ = execution;
  }

  /// What the live view had to cut.
  void close(const model::Execution& execution) {
    if (!live_) return;
    for (const auto& text : failures(execution)) {
      context_.out() << '\n' << paint(printable(text), Colour::red, context_.colours) << '\n';
    }
    context_.out() << std::flush;
  }

  void notice(const std::string& text) {
    if (silent_) return;
    if (!live_) context_.out() << text << '\n' << std::flush;
  }

 private:
  void draw(const model::Execution& execution, const std::string& notice) {
    const auto size = context_.around.size();
    const ProgressStyle style{.width = size.width,
                              .height = size.height,
                              .colours = context_.colours,
                              .utf8 = context_.around.utf8,
                              .frame = frame_++,
                              .url = page_url(context_, execution.application, execution.id),
                              .notice = notice};
    const auto block = progress_block(execution, context_.around.clock.now(), style);
    // Back to the first line of the old block, then each line anew, then away with what was longer.
    std::string out = "\x1b[?25l";
    if (lines_ > 0) out += fmt::format("\x1b[{}A", lines_);
    out += '\r';
    lines_ = 0;
    for (const char c : block) {
      if (c == '\n') {
        out += "\x1b[K";
        ++lines_;
      }
      out += c;
    }
    out += "\x1b[J\x1b[?25h";
    context_.out() << out << std::flush;
  }

  void print(const model::Execution& execution) {
    const auto* before = shown_ ? &*shown_ : nullptr;
    if (!before) context_.out() << page_url(context_, execution.application, execution.id) << '\n';
    for (const auto& line : transitions(before, execution, context_.around.clock.now())) {
      context_.out() << line << '\n';
    }
    context_.out() << std::flush;
  }

  Context& context_;
  bool silent_, live_;
  std::optional<model::Execution> shown_;
  std::size_t frame_ = 0, lines_ = 0;
};

class Watch {
 public:
  Watch(Context& context, std::string id, Known known, std::shared_ptr<News> news)
      : context_(context),
        id_(std::move(id)),
        known_(known),
        news_(std::move(news)),
        display_(context),
        begin_(context.around.clock.now()) {}

  Async<int> run() {
    for (;;) {
      co_await look();
      if (execution_ && model::is_complete(execution_->status)) co_return conclude();
      if (news_->interrupted) co_return leave();
      co_await rest();
      if (news_->interrupted) co_return leave();
    }
  }

 private:
  base::TimePoint now() const { return context_.around.clock.now(); }

  Async<void> look() {
    news_->changed = false;
    looked_ = now();
    std::exception_ptr failure;
    try {
      auto look_up = path({"/pipelines/", id_});
      object_ = co_await context_.gate.get_object(std::move(look_up));
      execution_ = model::execution_from_json(object_);
      model::sort_for_display(execution_->stages);
    } catch (const base::Error& error) {
      failure = std::current_exception();
      forgive(error);
    }
    if (failure) co_return;
    if (away_since_) display_.notice("The server answers again.");
    away_since_.reset();
    pause_ = 250ms;
    if (!std::exchange(listening_, true)) {
      auto url = context_.gate.url("/events?application=" + net::percent_encode(execution_->application));
      asio::co_spawn(news_->executor, listen(news_, context_.gate.client(), std::move(url), id_),
                     asio::detached);
    }
    display_.show(*execution_, "");
  }

  /// Returns when the failure may pass; throws it again when it will not. Called within its catch block.
  void forgive(const base::Error& error) {
    const bool away = error.worth_retrying();
    const bool new_born =
        error.kind() == base::Kind::not_found && known_ == Known::just_started && !execution_;
    if (new_born && now() - begin_ < patience_for_new) return;
    // Before it has answered once, nobody knows whether it ever will.
    if (!away || (!execution_ && known_ == Known::yes)) throw;
    if (!away_since_) {
      away_since_ = now();
      display_.notice(
          fmt::format("The server does not answer; trying again for {}.", duration_text(patience)));
    }
    if (now() - *away_since_ > patience) throw;
  }

  std::string notice() const {
    if (!away_since_) return "";
    return fmt::format("The server does not answer; trying again ({} of {}).",
                       duration_text(now() - *away_since_), duration_text(patience));
  }

  /// Until there is news, but not too short, and drawing meanwhile.
  Async<void> rest() {
    const bool waiting = away_since_ || !execution_;
    const auto longest = waiting ? pause_ : at_least_every;
    if (waiting) pause_ = std::min(pause_ * 2, milliseconds(5s));
    for (;;) {
      const auto since = now() - looked_;
      if (news_->interrupted || since >= longest) co_return;
      if (!waiting && news_->changed && since >= at_most_every) co_return;
      auto step = longest - since;
      if (news_->changed && !waiting) step = at_most_every - since;
      if (display_.live()) step = std::min(step, milliseconds(100));
      news_->timer.expires_after(step);
      co_await news_->timer.async_wait(as_tuple);
      if (display_.live() && execution_) display_.show(*execution_, notice());
    }
  }

  int conclude() {
    const bool good = execution_->status == model::Status::succeeded;
    display_.close(*execution_);
    if (context_.format == Format::json) print_json(context_, object_);
    return good ? done : failed;
  }

  int leave() {
    if (context_.format == Format::table) {
      context_.around.err << fmt::format(
          "\nThe execution goes on. Watch it again with: gennaker pipeline watch {}\n", id_);
    }
    return interrupted;
  }

  Context& context_;
  std::string id_;
  Known known_;
  std::shared_ptr<News> news_;
  Display display_;
  base::TimePoint begin_, looked_{};
  json::object object_;
  std::optional<model::Execution> execution_;
  std::optional<base::TimePoint> away_since_;
  milliseconds pause_ = 250ms;
  bool listening_ = false;
};

}  // namespace

Async<int> watch_execution(Context& context, std::string id, Known known) {
  const auto executor = co_await asio::this_coro::executor;
  auto news = std::make_shared<News>(executor);
  auto signals = std::make_shared<asio::signal_set>(executor, SIGINT, SIGTERM);
  asio::co_spawn(executor, wait_for_interrupt(news, signals), asio::detached);
  Watch watch(context, std::move(id), known, news);
  std::exception_ptr failure;
  int code = failed;
  try {
    code = co_await watch.run();
  } catch (...) {
    failure = std::current_exception();
  }
  news->ended = true;
  signals->cancel();
  if (failure) std::rethrow_exception(failure);
  co_return code;
}

}  // namespace gennaker::cli
