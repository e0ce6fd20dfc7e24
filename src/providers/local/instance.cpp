#include "providers/local/instance.h"

#include "base/error.h"
#include "base/logging.h"
#include "providers/health/health_check.h"
#include "providers/shim/process_spec.h"

namespace gennaker::providers::local {
namespace {

/// Restarts after which a process that was never healthy is given up: some 15 s with the usual delays.
constexpr int tries_enough = 5;
constexpr milliseconds patience{5'000};
constexpr milliseconds pause_after_failure{500};
constexpr milliseconds pause_before_asking_again{20};
constexpr milliseconds shortest_interval{50};

}  // namespace

Instance::Instance(const Ground& ground, Setup setup, std::function<void()> on_change)
    : ground_(ground),
      setup_(std::move(setup)),
      on_change_(std::move(on_change)),
      shim_timer_(ground.executor),
      health_timer_(ground.executor),
      checked_(setup_.presumed_up ? Health::up : Health::starting) {}

void Instance::begin() {
  loops_ = 2;
  asio::co_spawn(ground_.executor, follow_shim(shared_from_this()), asio::detached);
  asio::co_spawn(ground_.executor, check_for_ever(shared_from_this()), asio::detached);
}

Async<void> Instance::end() {
  const auto self = shared_from_this();
  ended_ = true;
  shim_timer_.cancel();
  health_timer_.cancel();
  if (socket_) socket_->close();
  while (loops_ > 0) co_await loop_ended_.wait();
}

Instance::Health Instance::health() const {
  const bool runs = process_known_ ? process_.running : setup_.presumed_up;
  if (runs && shim_lost_.empty()) return checked_;
  const bool first_start = shim_lost_.empty() && !process_.last_exit;
  return first_start ? Health::starting : Health::down;
}

bool Instance::hopeless() const {
  return !was_up_ && !setup_.presumed_up && process_.restarts >= tries_enough;
}

std::string Instance::reason() const {
  if (!shim_lost_.empty()) return shim_lost_;
  if (!process_known_) return setup_.presumed_up ? "" : "is being started";
  if (!process_.running) return why_not_running(process_);
  return checked_ == Health::up ? "" : check_failure_;
}

Async<void> Instance::follow_shim(std::shared_ptr<Instance> self) {
  while (!self->ended_) {
    std::string failure;
    try {
      co_await self->follow_once();
    } catch (const base::Error& error) {
      failure = error.what();
    }
    self->socket_.reset();
    if (self->ended_) break;
    // A connection that broke says nothing yet: whether the shim is there shows when it is asked again.
    co_await self->pause(self->shim_timer_, pause_before_asking_again);
    if (self->ended_) break;
    if (self->connect()) continue;
    if (self->process_known_ || !self->setup_.restart_shim)
      self->lose_shim("the shim that held it has ended");
    if (self->setup_.restart_shim) {
      try {
        auto work = [program = self->ground_.shim_program, directory = self->setup_.directory] {
          start_shim(program, directory);
        };
        co_await base::run_blocking(self->ground_.pool, std::move(work));
        continue;
      } catch (const base::Error& error) {
        failure = error.what();
      }
      self->lose_shim(failure);
    }
    co_await self->pause(self->shim_timer_, pause_after_failure);
  }
  --self->loops_;
  self->loop_ended_.notify();
}

bool Instance::connect() {
  socket_ = std::make_shared<base::UnixSocket>(ground_.executor);
  try {
    socket_->connect(setup_.directory, std::string(shim_socket));
    return true;
  } catch (const base::Error&) {
    socket_.reset();
    return false;
  }
}

/// Until the shim has gone.
Async<void> Instance::follow_once() {
  if (!socket_ && !connect()) co_return;
  const auto socket = socket_;
  std::string request = "{\"do\":\"watch\"}\n";
  co_await socket->send(std::move(request), patience);
  milliseconds wait = patience;  // the first answer comes at once, the others when something changes
  while (!ended_) {
    const std::string line = co_await socket->read_line(wait);
    if (ended_) co_return;
    take_status(shim_status_of(line));
    wait = milliseconds(0);
  }
}

Async<void> Instance::pause(asio::steady_timer& timer, milliseconds duration) {
  if (ended_) co_return;
  timer.expires_after(duration);
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  co_await timer.async_wait(token);
}

void Instance::take_status(const ShimStatus& status) {
  const bool another = process_known_ && (process_.pid != status.pid || !status.running);
  if (another || (!process_known_ && !status.running)) {
    checked_ = Health::starting;
    good_ = bad_ = 0;
    check_failure_ = "not checked yet";
  }
  process_ = status;
  process_known_ = true;
  shim_lost_.clear();
  health_timer_.cancel();  // checked at once
  on_change_();
}

/// Said and logged once, unless the reason changes.
void Instance::lose_shim(const std::string& why) {
  if (why == shim_lost_ && !why.empty()) return;
  process_.running = false;
  checked_ = Health::starting;
  shim_lost_ = why.empty() ? "the shim that held it has ended" : why;
  base::log::warn("instance {}: {}", setup_.id, shim_lost_);
  on_change_();
}

Async<void> Instance::check_for_ever(std::shared_ptr<Instance> self) {
  while (!self->ended_) {
    if (self->process_.running) {
      const int pid = self->process_.pid;
      const auto failure =
          co_await check_health(self->setup_.address, self->setup_.port, self->setup_.health_check);
      if (self->ended_) break;
      if (self->process_.running && self->process_.pid == pid) self->take_check(failure);
    }
    // What starts is looked at more often: each moment counts for a deployment.
    const milliseconds interval = self->setup_.health_check.interval;
    const bool starting = self->checked_ == Health::starting;
    co_await self->pause(self->health_timer_,
                         starting ? std::max(interval / 5, shortest_interval) : interval);
  }
  --self->loops_;
  self->loop_ended_.notify();
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

}  // namespace gennaker::providers::local
