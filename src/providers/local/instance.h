#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/unix_socket.h"
#include "providers/local/settings.h"
#include "providers/shim/ground.h"
#include "providers/shim/shim_client.h"
#include "providers/shim/waiting.h"

namespace gennaker::providers::local {

/// Watches one instance: follows its shim (starts a new one if it dies) and checks its health.
/// Threads: the executor's one.
class Instance : public std::enable_shared_from_this<Instance> {
 public:
  enum class Health { starting, up, down };

  struct Setup {
    std::string id;
    std::string directory;
    std::string address;  ///< where it listens
    int port = 0;
    HealthCheckSettings health_check;
    /// It had traffic when it was last seen: it keeps it until a check says otherwise.
    bool presumed_up = false;
    /// Whether a shim that is not there is started. Not while its group is half made or half destroyed.
    bool restart_shim = true;
  };

  /// `on_change` is called when something that a reader could notice has changed; never after end().
  Instance(const Ground& ground, Setup setup, std::function<void()> on_change);

  void begin();
  /// Ends watching; the process goes on. Returns when nothing of it runs any more.
  Async<void> end();
  void keep_shim() { setup_.restart_shim = true; }

  const std::string& id() const { return setup_.id; }
  const std::string& directory() const { return setup_.directory; }
  int port() const { return setup_.port; }
  const ShimStatus& process() const { return process_; }
  Health health() const;
  /// Fit for traffic: runs, and passed its checks.
  bool in_service() const { return health() == Health::up; }
  /// It has ended again and again and was never healthy: waiting for it is in vain.
  bool hopeless() const;
  /// Why it is not up: "HTTP 503", "exited with status 3, restarting in 2 s".
  std::string reason() const;

 private:
  static Async<void> follow_shim(std::shared_ptr<Instance> self);
  static Async<void> check_for_ever(std::shared_ptr<Instance> self);
  Async<void> follow_once();
  bool connect();
  Async<void> pause(asio::steady_timer& timer, milliseconds duration);
  void take_status(const ShimStatus& status);
  void lose_shim(const std::string& why);
  void take_check(const std::optional<std::string>& failure);

  const Ground& ground_;
  Setup setup_;
  std::function<void()> on_change_;
  std::shared_ptr<base::UnixSocket> socket_;
  asio::steady_timer shim_timer_, health_timer_;
  bool ended_ = false;
  int loops_ = 0;
  Signal loop_ended_;

  bool process_known_ = false;
  ShimStatus process_;
  std::string shim_lost_;  ///< why there is no shim; empty: there is one
  Health checked_ = Health::starting;
  bool was_up_ = false;     ///< ever, as far as this server knows
  int good_ = 0, bad_ = 0;  ///< checks in a row
  std::string check_failure_;
};

}  // namespace gennaker::providers::local
