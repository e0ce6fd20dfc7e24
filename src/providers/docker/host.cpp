#include "providers/docker/host.h"

#include <arpa/inet.h>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/error.h"
#include "base/logging.h"
#include "providers/docker/labels.h"

namespace gennaker::providers::docker {
namespace {

using base::Error;
using base::Kind;

/// An engine that has nothing to tell is asked so often whether it is there.
constexpr milliseconds heartbeat{5'000};
/// Podman asks the host's package manager for its version: seconds on a busy machine. Each connection begins
/// with that question, so with less patience such a host would never be reached.
constexpr milliseconds first_patience{60'000};
/// Listing is quick; what takes longer has gone.
constexpr milliseconds patience{10'000};
constexpr milliseconds first_pause{200}, longest_pause{10'000};
constexpr int most_list_tries = 3;
/// Events come in bunches: one look answers them all.
constexpr milliseconds quiet{20}, longest_bunch{200};

/// In steps that a reader does not mind.
std::string lasting(milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (seconds < 10) return fmt::format("{} s", seconds);
  if (seconds < 120) return fmt::format("{} s", seconds / 10 * 10);
  if (seconds < 7200) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} h", seconds / 3600);
}

bool is_ipv4(const std::string& text) {
  in_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

}  // namespace

Host::Host(Setup setup, std::function<void()> on_change)
    : setup_(std::move(setup)),
      on_change_(std::move(on_change)),
      engine_(setup_.http, setup_.clock, setup_.host.address),
      last_answer_(setup_.clock.now()) {}

void Host::begin() {
  following_ = true;
  asio::co_spawn(setup_.executor, follow(shared_from_this()), asio::detached);
}

void Host::stop_soon() {
  stopped_ = true;
  deadlines_.interrupt();
}

Async<void> Host::stop() {
  const auto self = shared_from_this();
  stop_soon();
  while (following_) co_await changed_.wait();
}

std::string Host::why_unreachable() const {
  if (reachable_) return "";
  if (!tried_) return fmt::format("host '{}' has not answered yet", name());
  return fmt::format("host '{}' has not answered for {}", name(), lasting(setup_.clock.now() - last_answer_));
}

const engine::ContainerSummary* Host::find(const std::string& container) const {
  const auto found = containers_.find(container);
  return found == containers_.end() ? nullptr : &found->second;
}

std::optional<ContainerExit> Host::exit_of(const std::string& container) const {
  const auto* found = find(container);
  if (found == nullptr) return std::nullopt;
  const auto known = exits_.find(found->id);
  return known == exits_.end() ? std::nullopt : std::optional(known->second);
}

Async<void> Host::follow(std::shared_ptr<Host> self) {
  milliseconds pause = first_pause;
  while (!self->stopped_) {
    std::string failure;
    try {
      co_await self->follow_once();
    } catch (const std::exception& error) {
      failure = error.what();
    }
    if (self->stopped_) break;
    if (self->reachable_) pause = first_pause;
    self->lose(failure);
    auto waiting = base::sleep_for(pause);
    co_await self->deadlines_.complete(longest_pause, std::move(waiting));
    pause = std::min(2 * pause, longest_pause);
  }
  self->following_ = false;
  self->changed_.notify();
}

/// Until it breaks. The order misses nothing: what happens after the events have begun is told by them, and
/// what happened before is in the list.
Async<void> Host::follow_once() {
  co_await resolve();
  auto asking = engine_.version();
  const auto version = co_await deadlines_.within(first_patience, std::move(asking));
  if (stopped_) co_return;
  if (!version) throw Error(Kind::timeout, fmt::format("no answer in {} ms", first_patience.count()));
  const engine::EventFilter filter{.types = {"container", "image"}, .since = setup_.clock.now()};
  auto opening = engine_.events(filter);
  auto events = co_await deadlines_.within(patience, std::move(opening));
  if (stopped_) co_return;
  if (!events) throw Error(Kind::timeout, fmt::format("no answer in {} ms", patience.count()));
  co_await look_at_images();
  co_await read_events(std::move(*events));
}

Async<void> Host::read_events(engine::EventStream events) {
  while (!stopped_) {
    auto waiting = events.next();
    auto event = co_await deadlines_.within(heartbeat, std::move(waiting));
    if (stopped_) co_return;
    bool images = false, concerned = !event;  // no news: see whether it is still there
    const base::TimePoint began = setup_.clock.now();
    while (event) {
      concerned = concerned || concerns_us(*event);
      images = images || event->type == "image";
      if (setup_.clock.now() - began > longest_bunch) break;
      auto more = events.next();
      event = co_await deadlines_.within(quiet, std::move(more));
      if (stopped_) co_return;
    }
    if (images) {
      co_await look_at_images();
    } else if (concerned) {
      co_await look();
    }
  }
}

bool Host::concerns_us(const engine::Event& event) const {
  if (event.type != "container") return event.type == "image";
  const auto label = event.attributes.find(std::string(account_label));
  return label != event.attributes.end() && label->second == setup_.account;
}

Async<void> Host::look() {
  const auto self = shared_from_this();
  auto listing = list();
  co_await limited(std::move(listing));
  on_change_();
}

Async<void> Host::look_at_images() {
  const auto self = shared_from_this();
  auto images = list_images();
  co_await limited(std::move(images));
  co_await look();
}

Async<void> Host::limited(Async<void> work) {
  const bool ended = co_await deadlines_.complete(patience, std::move(work));
  if (stopped_) throw Error(Kind::unavailable, fmt::format("host '{}' is not followed any more", name()));
  if (!ended) {
    throw Error(Kind::unavailable,
                fmt::format("host '{}' gave no answer in {} ms", name(), patience.count()));
  }
}

Async<void> Host::list() {
  const auto held = co_await turn_.take();
  const engine::ContainerFilter filter{.labels = {labelled(account_label, setup_.account)}};
  const auto found = co_await listed(filter);
  containers_.clear();
  for (const engine::ContainerSummary& container : found) {
    if (!container.names.empty()) containers_[container.names.front()] = container;
  }
  co_await note_exits();
  if (!reachable_ && tried_) base::log::info("account '{}': host '{}' answers again", setup_.account, name());
  last_answer_ = setup_.clock.now();
  reachable_ = tried_ = true;
  failure_.clear();
  changed_.notify();
}

/// Podman fails when a container goes while it lists them.
Async<std::vector<engine::ContainerSummary>> Host::listed(engine::ContainerFilter filter) {
  for (int tries = 0;; ++tries) {
    try {
      co_return co_await engine_.list_containers(filter);
    } catch (const Error& error) {
      if (error.worth_retrying() || tries == most_list_tries) throw;
      base::log::debug("host '{}': lists once more: {}", name(), error.what());
    }
  }
}

/// The list does not say how a run ended.
Async<void> Host::note_exits() {
  std::map<std::string, ContainerExit> exits;
  std::vector<std::string> ended;
  for (const auto& [name, container] : containers_) {
    const bool over =
        container.state == engine::ContainerState::exited || container.state == engine::ContainerState::dead;
    const bool ran = container.labels.contains(std::string(index_label)) ||
                     container.labels.contains(std::string(job_label));
    if (over && ran) ended.push_back(container.id);
  }
  for (const std::string& id : ended) {
    std::optional<engine::Container> container;
    try {
      container = co_await engine_.inspect_container(id);
    } catch (const Error& error) {
      if (error.kind() != Kind::not_found) throw;  // Podman's word for one that goes at this moment
    }
    if (!container) continue;
    exits[id] = {.code = container->exit_code,
                 .error = container->error,
                 .out_of_memory = container->out_of_memory,
                 .restarts = container->restarts,
                 .at = container->finished};
  }
  exits_ = std::move(exits);
}

Async<void> Host::list_images() {
  const auto held = co_await turn_.take();
  const engine::ImageFilter all;
  images_ = co_await engine_.list_images(all);
}

/// With each new connection: a name may have moved.
Async<void> Host::resolve() {
  const std::string& place = setup_.host.reachable_at;
  if (is_ipv4(place)) {
    address_ = place;
    co_return;
  }
  using asio::ip::tcp;
  tcp::resolver resolver(setup_.executor);
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const auto found = co_await resolver.async_resolve(tcp::v4(), place, "", token);
  if (error || found.empty()) {
    throw Error(Kind::unavailable, fmt::format("reachableAt: '{}' has no IPv4 address: {}", place,
                                               error ? error.message() : "there is no such name"));
  }
  address_ = found.begin()->endpoint().address().to_string();
}

void Host::lose(const std::string& why) {
  const bool news = reachable_ || !tried_ || failure_.empty();
  reachable_ = false;
  tried_ = true;
  failure_ = why;
  if (news) base::log::warn("account '{}': host '{}' does not answer: {}", setup_.account, name(), why);
  changed_.notify();
  on_change_();
}

}  // namespace gennaker::providers::docker
