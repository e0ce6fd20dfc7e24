#include <fmt/format.h>

#include "base/async.h"
#include "base/json.h"
#include "cli/commands.h"
#include "net/sse.h"

namespace gennaker::cli {
namespace {

using base::string_or;
using std::chrono::milliseconds;

constexpr milliseconds first_pause{250}, longest_pause{5'000};
/// Connections that break one after another, without a word between them.
constexpr int most_breaks = 10;

/// Line by line: what was built may have written anything.
void print(const Context& context, std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    context.out() << printable(text.substr(0, end)) << '\n';
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  context.out() << std::flush;
}

std::string state_text(const json::object& bake) {
  const std::string state = string_or(bake, "state", "?"), result = string_or(bake, "result", "");
  return result.empty() ? state : fmt::format("{} {}", state, result);
}

/// One connection's worth of a log.
class Follower {
 public:
  Follower(Context& context, std::string id) : context_(context), id_(std::move(id)) {}

  /// The bake as it has ended; nullopt: the connection broke before.
  Async<std::optional<json::object>> read_on() {
    auto look_up = path({"/bakes/", id_, "/log"});
    auto opening = context_.gate.follow(std::move(look_up), last_id_);
    const std::unique_ptr<net::AnswerStream> stream = co_await std::move(opening);
    net::SseReader reader;
    for (;;) {
      auto reading = stream->read();
      const std::string bytes = co_await std::move(reading);
      if (bytes.empty()) co_return std::nullopt;
      const std::vector<net::SseEvent> events = reader.feed(bytes);
      for (const net::SseEvent& event : events) {
        last_id_ = event.id;
        json::object data = base::parse_json_object(event.data, "the event");
        if (event.event == "end") co_return data;
        if (event.event == "log") print(context_, string_or(data, "text", ""));
        heard_ = true;
      }
    }
  }

  /// Whether anything came since the last call.
  bool has_heard() { return std::exchange(heard_, false); }

 private:
  Context& context_;
  std::string id_, last_id_;
  bool heard_ = false;
};

Async<int> follow(Context& context, std::string id) {
  Follower follower(context, id);
  milliseconds pause = first_pause;
  for (int breaks = 0;;) {
    std::exception_ptr failure;
    try {
      auto reading = follower.read_on();
      const std::optional<json::object> ended = co_await std::move(reading);
      if (ended) {
        say(context, fmt::format("{}: {}", id, state_text(*ended)));
        co_return string_or(*ended, "result", "") == "SUCCESS" ? done : failed;
      }
    } catch (const base::Error& error) {
      // Before it has said anything, nobody knows whether it ever will.
      if (!error.worth_retrying() || (breaks == 0 && !follower.has_heard())) throw;
      failure = std::current_exception();
    }
    if (follower.has_heard()) {
      breaks = 0;
      pause = first_pause;
    }
    if (++breaks > most_breaks) {
      if (failure) std::rethrow_exception(failure);
      throw base::Error(base::Kind::unavailable,
                        fmt::format("the log of bake '{}' breaks off again and again", id));
    }
    co_await base::sleep_for(pause);
    pause = std::min(pause * 2, longest_pause);
  }
}

}  // namespace

Async<int> get_bake(Context& context, std::string id) {
  auto look_up = path({"/bakes/", id});
  const json::object bake = co_await context.gate.get_object(std::move(look_up));
  if (context.format == Format::json) {
    print_json(context, bake);
    co_return done;
  }
  Table table({"BAKE", "STATE", "ACCOUNT", "REGION", "IMAGE", "EXECUTION"});
  table.add({id, state_text(bake), string_or(bake, "account", "-"), string_or(bake, "region", "-"),
             string_or(bake, "imageId", "-"), string_or(bake, "executionId", "-")});
  print_list(context, json::array{bake}, table, {id});
  if (context.quiet) co_return done;
  for (const std::string& input : base::string_list(bake, "inputs")) {
    context.out() << "  " << printable(input) << '\n';
  }
  co_return done;
}

Async<int> show_bake_log(Context& context, BakeLogQuery what) {
  if (what.follow) {
    auto following = follow(context, what.id);
    co_return co_await std::move(following);
  }
  // A bake's id says all; the region is Gate's habit.
  auto look_up = path({"/bakery/logs/any/", what.id});
  const std::string text = co_await context.gate.get_text(std::move(look_up));
  print(context, text);
  co_return done;
}

}  // namespace gennaker::cli
