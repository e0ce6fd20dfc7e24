#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "providers/docker/host.h"
#include "providers/docker/settings.h"

namespace gennaker::providers::docker {

/// Watches one instance: checks its health, and starts its container again when it has ended and the engine
/// has given up. Threads: the executor's one.
class Instance : public std::enable_shared_from_this<Instance> {
 public:
  enum class Health { starting, up, down };

  struct Setup {
    asio::any_io_executor executor;
    const base::Clock& clock;
    std::string id;         ///< for messages
    std::string container;  ///< its name
    std::shared_ptr<Host> host;
    int port = 0;
    HealthCheckSettings health_check;
    milliseconds first_restart_delay{}, longest_restart_delay{}, restart_reset_after{};
    /// It had traffic when it was last seen: it keeps it until a check says otherwise.
    bool presumed_up = false;
  };

  /// `on_change` is called when something that a reader could notice has changed; never after end().
  Instance(Setup setup, std::function<void()> on_change);

  void begin();
  /// Ends watching; the container goes on. Returns when nothing of it runs any more.
  Async<void> end();
  /// Whether it is started again when it ends. Not while its group is half made or half destroyed.
  void keep_running(bool keep) { keep_ = keep; }
  /// The host has looked: there may be news.
  void look_again() { timer_.cancel(); }

  const std::string& id() const { return setup_.id; }
  const Host& host() const { return *setup_.host; }
  int port() const { return setup_.port; }
  bool running() const;
  Health health() const;
  /// Fit for traffic: passed its checks, also while its engine cannot be asked.
  bool in_service() const { return checked_ == Health::up; }
  /// It has ended again and again and was never healthy: waiting for it is in vain.
  bool hopeless() const;
  /// Why it is not up: "HTTP 503", "exited with status 3, restarting in 2 s".
  std::string reason() const;
  int restarts() const;

 private:
  static Async<void> watch(std::shared_ptr<Instance> self);
  Async<void> step();
  Async<void> restart();
  void note_run();
  void note_health_check();
  void take_check(const std::optional<std::string>& failure);
  std::string why_not_running() const;

  Setup setup_;
  std::function<void()> on_change_;
  asio::steady_timer timer_;
  bool keep_ = false, ended_ = false, watching_ = false;
  Signal watching_ended_;

  bool ran_ = false;      ///< when it was last looked at
  bool removed_ = false;  ///< its container, by somebody else
  std::string check_in_label_;
  Health checked_;
  bool was_up_ = false;
  int good_ = 0, bad_ = 0;  ///< checks in a row
  std::string check_failure_ = "not checked yet";
  int restarts_ = 0;  ///< by us
  milliseconds delay_;
  std::optional<base::TimePoint> restart_at_, running_since_;
  std::string start_failure_;
};

/// "exited with status 3", "was ended by signal 9", "used more memory than it may", "could not be started:
/// ..."
std::string in_words(const ContainerExit& exit);

}  // namespace gennaker::providers::docker
