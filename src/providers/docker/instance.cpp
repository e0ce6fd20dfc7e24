#include "providers/docker/instance.h"

#include <boost/asio/detached.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/logging.h"
#include "providers/docker/labels.h"
#include "providers/health/health_check.h"

namespace gennaker::providers::docker {
namespace {

/// Restarts after which a container that was never healthy is given up.
constexpr int tries_enough = 5;
constexpr milliseconds shortest_interval{50};
constexpr int signal_base = 128;  // of a status that a signal has caused

}  // namespace

std::string in_words(const ContainerExit& exit) {
  if (!exit.error.empty()) return "could not be started: " + exit.error;
  if (exit.out_of_memory) return "used more memory than it may";
  if (exit.code > signal_base) return fmt::format("was ended by signal {}", exit.code - signal_base);
  return fmt::format("exited with status {}", exit.code);
}

Instance::Instance(Setup setup, std::function<void()> on_change)
    : setup_(std::move(setup)),
      on_change_(std::move(on_change)),
      timer_(setup_.executor),
      checked_(setup_.presumed_up ? Health::up : Health::starting),
      delay_(setup_.first_restart_delay) {}

void Instance::begin() {
  watching_ = true;
  ran_ = running();
  asio::co_spawn(setup_.executor, watch(shared_from_this()), asio::detached);
}

Async<void> Instance::end() {
  const auto self = shared_from_this();
  ended_ = true;
  timer_.cancel();
  while (watching_) co_await watching_ended_.wait();
}

bool Instance::running() const {
  const auto* container = setup_.host->find(setup_.container);
  return container != nullptr && container->state == engine::ContainerState::running;
}

int Instance::restarts() const {
  const auto exit = setup_.host->exit_of(setup_.container);
  return restarts_ + (exit ? exit->restarts : 0);
}

Instance::Health Instance::health() const {
  if (checked_ == Health::up || running() || !setup_.host->reachable()) return checked_;
  if (removed_) return Health::down;
  const auto exit = setup_.host->exit_of(setup_.container);
  return exit || !start_failure_.empty() ? Health::down : Health::starting;
}

bool Instance::hopeless() const {
  return !was_up_ && !setup_.presumed_up && restarts() >= tries_enough;
}

std::string Instance::reason() const {
  if (checked_ == Health::up) return "";
  if (!setup_.host->reachable()) return setup_.host->why_unreachable();
  return running() ? check_failure_ : why_not_running();
}

std::string Instance::why_not_running() const {
  const auto exit = setup_.host->exit_of(setup_.container);
  if (!exit && start_failure_.empty()) {
    const bool there = setup_.host->find(setup_.container) != nullptr;
    if (there) return "is being started";
    return removed_ ? "its container was removed by somebody else; it is started again soon"
                    : "its container is not there";
  }
  std::string text = start_failure_.empty() ? in_words(*exit) : start_failure_;
  if (!restart_at_) return text;
  // As it was decided: a countdown would be news all the time.
  return fmt::format("{}, restarting after {:.1f} s", text, static_cast<double>(delay_.count()) / 1000);
}

Async<void> Instance::watch(std::shared_ptr<Instance> self) {
  while (!self->ended_) {
    co_await self->step();
    if (self->ended_) break;
    // What starts is looked at more often: each moment counts for a deployment.
    const milliseconds interval = self->setup_.health_check.interval;
    const bool starting = self->checked_ == Health::starting;
    self->timer_.expires_after(starting ? std::max(interval / 5, shortest_interval) : interval);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await self->timer_.async_wait(token);
  }
  self->watching_ = false;
  self->watching_ended_.notify();
}

Async<void> Instance::step() {
  note_run();
  note_health_check();
  // A container that cannot be asked about may serve all the same.
  const bool may_serve = running() || !setup_.host->reachable();
  if (!may_serve) {
    co_await restart();
    co_return;
  }
  if (setup_.health_check.type == CheckType::none) {
    take_check(setup_.host->reachable() ? std::nullopt : std::optional(setup_.host->why_unreachable()));
    co_return;
  }
  const std::string address = setup_.host->address();
  std::optional<std::string> failure = "the host's address is not known";
  if (!address.empty()) failure = co_await check_health(address, setup_.port, setup_.health_check);
  if (ended_) co_return;
  take_check(failure);
}

/// The one that its container was started with.
void Instance::note_health_check() {
  const auto* container = setup_.host->find(setup_.container);
  if (container == nullptr) return;
  const auto label = container->labels.find(std::string(check_label));
  if (label == container->labels.end() || label->second == check_in_label_) return;
  check_in_label_ = label->second;
  try {
    const base::json::object settings{{"healthCheck", base::parse_json(label->second, "the label")}};
    setup_.health_check = health_check_in(settings);
  } catch (const base::Error& error) {
    base::log::warn("instance {}: label {}: {}", setup_.id, check_label, error.what());
  }
}

/// A new run has to show anew what it is worth.
void Instance::note_run() {
  if (!setup_.host->reachable()) return;
  const bool runs = running();
  const base::TimePoint now = setup_.clock.now();
  if (runs && !running_since_) running_since_ = now;
  if (runs && now - *running_since_ >= setup_.restart_reset_after) delay_ = setup_.first_restart_delay;
  if (!runs) running_since_.reset();
  const bool ended = ran_ && !runs;
  removed_ = !runs && (removed_ || ran_) && setup_.host->find(setup_.container) == nullptr;
  ran_ = runs;
  if (!ended && (runs || checked_ != Health::up)) return;
  checked_ = Health::starting;
  good_ = bad_ = 0;
  check_failure_ = "not checked yet";
  on_change_();
}

/// The engine restarts what fails at once and a few times, also while no server is there; then, and for what
/// exits without a failure, it is up to us, with growing pauses.
Async<void> Instance::restart() {
  const auto* container = setup_.host->find(setup_.container);
  const bool over = container != nullptr && (container->state == engine::ContainerState::exited ||
                                             container->state == engine::ContainerState::dead ||
                                             container->state == engine::ContainerState::created);
  if (!over || !keep_) {
    restart_at_.reset();
    co_return;
  }
  const base::TimePoint now = setup_.clock.now();
  if (!restart_at_) {
    restart_at_ = now + delay_;
    on_change_();
  }
  if (now < *restart_at_) co_return;
  delay_ = std::min(2 * delay_, setup_.longest_restart_delay);
  restart_at_.reset();
  ++restarts_;
  start_failure_.clear();
  try {
    co_await setup_.host->engine().start_container(setup_.container);
    co_await setup_.host->look();
  } catch (const base::Error& error) {
    start_failure_ = fmt::format("could not be started: {}", error.what());
    base::log::warn("instance {}: {}", setup_.id, start_failure_);
  }
  if (!ended_) on_change_();
}

void Instance::take_check(const std::optional<std::string>& failure) {
  const Health before = checked_;
  const std::string said = check_failure_;
  good_ = failure ? 0 : good_ + 1;
  bad_ = failure ? bad_ + 1 : 0;
  if (failure) check_failure_ = *failure;
  if (checked_ != Health::up && good_ >= setup_.health_check.healthy_threshold) checked_ = Health::up;
  if (checked_ == Health::up && bad_ >= setup_.health_check.unhealthy_threshold) checked_ = Health::down;
  was_up_ = was_up_ || checked_ == Health::up;
  if (checked_ != before || (failure && said != *failure)) on_change_();
}

}  // namespace gennaker::providers::docker
