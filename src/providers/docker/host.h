#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "clients/docker/engine.h"
#include "providers/docker/deadlines.h"
#include "providers/docker/options.h"
#include "providers/shim/waiting.h"

namespace gennaker::providers::docker {

/// How a container's last run ended.
struct ContainerExit {
  int code = 0;
  std::string error;  ///< why it could not be started
  bool out_of_memory = false;
  int restarts = 0;  ///< by the engine
  std::optional<base::TimePoint> at = {};
};

/// Follows one engine: what it holds of one account, and whether it answers. Threads: the executor's one.
class Host : public std::enable_shared_from_this<Host> {
 public:
  struct Setup {
    asio::any_io_executor executor;
    const base::Clock& clock;
    net::Client& http;
    DockerHost host;
    std::string account;
  };
  /// `on_change` is called after each look at the engine, and when it does not answer; never after stop().
  /// Throws base::Error `invalid` for an address that is none.
  Host(Setup setup, std::function<void()> on_change);

  void begin();
  void stop_soon();
  Async<void> stop();
  /// Whether it has been asked once, with or without an answer.
  bool tried() const { return tried_; }

  const std::string& name() const { return setup_.host.name; }
  const std::string& region() const { return setup_.host.region; }
  engine::Engine& engine() { return engine_; }
  bool reachable() const { return reachable_; }
  /// "host 'b' has not answered for 12 s": in steps, so that it does not change all the time. Empty: it does.
  std::string why_unreachable() const;
  /// With the engine's own words.
  std::string last_failure() const { return failure_; }
  /// Where its containers' ports are: an IPv4 address; empty while the name is not known.
  const std::string& address() const { return address_; }

  /// Looks now. Throws base::Error `unavailable` when the engine does not answer in time.
  Async<void> look();
  /// The same with images.
  Async<void> look_at_images();

  /// As of the last look, also when it does not answer any more. By name.
  const std::map<std::string, engine::ContainerSummary>& containers() const { return containers_; }
  const std::vector<engine::Image>& images() const { return images_; }
  const engine::ContainerSummary* find(const std::string& container) const;
  /// Of a container that does not run.
  std::optional<ContainerExit> exit_of(const std::string& container) const;

 private:
  static Async<void> follow(std::shared_ptr<Host> self);
  Async<void> follow_once();
  Async<void> read_events(engine::EventStream events);
  Async<void> list();
  Async<std::vector<engine::ContainerSummary>> listed(engine::ContainerFilter filter);
  Async<void> list_images();
  Async<void> note_exits();
  Async<void> resolve();
  Async<void> limited(Async<void> work);
  bool concerns_us(const engine::Event& event) const;
  void lose(const std::string& why);

  const Setup setup_;
  std::function<void()> on_change_;
  engine::Engine engine_;
  Deadlines deadlines_;
  Turn turn_;  ///< one look at a time: an older answer must not replace a newer one
  std::string address_;
  std::map<std::string, engine::ContainerSummary> containers_;
  std::map<std::string, ContainerExit> exits_;  ///< by container's id
  std::vector<engine::Image> images_;
  bool reachable_ = false, tried_ = false;
  base::TimePoint last_answer_{};
  std::string failure_;
  bool stopped_ = false, following_ = false;
  Signal changed_;  ///< tried_, following_
};

}  // namespace gennaker::providers::docker
