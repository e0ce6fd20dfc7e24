#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/infrastructure.h"
#include "model/operation.h"
#include "providers/haproxy/balancer.h"
#include "providers/haproxy/load_balancer_settings.h"

namespace gennaker::providers {

namespace json = boost::json;

/// The load balancers of one account: their definitions, kept in `<directory>/load-balancers.json`, and the
/// HAProxy that serves them, in `<directory>/haproxy/`, created and removed with the first and the last one.
/// Threads: the executor's one. Must outlive what it began: call stop() first.
class LoadBalancers {
 public:
  struct Setup {
    std::string account, provider, region;
    std::string directory;
    std::string haproxy, search_path;  ///< see Balancer
  };
  /// What the account's server groups make of it; called at any time, must not wait.
  struct Groups {
    /// The servers that a load balancer should send traffic to.
    std::function<std::vector<haproxy::Server>(const std::string& load_balancer)> servers;
    /// A server group that names this load balancer; nullopt: there is none.
    std::function<std::optional<std::string>(const std::string& load_balancer)> user;
    /// What a reader sees of load balancers and traffic has changed.
    std::function<void()> on_change;
  };

  LoadBalancers(const Ground& ground, Setup setup, Groups groups);

  struct Loaded {
    std::optional<json::object> definitions;
    std::set<std::string> had_traffic;
  };
  /// What is on disk. Blocks, and touches nothing: call it on a pool.
  Loaded read() const;
  void adopt(const Loaded& loaded);
  /// Begins to keep HAProxy at what is wanted, when something has changed and now and then.
  void begin();
  /// `stop()` ends it, and with `unavailable` whoever waits in here.
  void stop_soon();
  Async<void> stop();
  /// What servers() answers has changed.
  void note_change();

  bool has(const std::string& name) const { return all_.contains(name); }
  /// Throws `not_found`, naming the first that is not there.
  void expect(const std::vector<std::string>& names) const;
  std::vector<model::LoadBalancer> describe() const;
  /// How a server stands that is to have no traffic: draining while it still has a request.
  model::HealthState without_traffic(const std::string& server) const;
  /// What these load balancers think of a server that is up by its own checks.
  void judge(const std::string& server, const std::vector<std::string>& names, model::Health& health) const;
  const Balancer& balancer() const { return balancer_; }

  /// As clusters/operations.h says. A refused one changes nothing.
  Async<json::object> upsert(model::Operation operation);
  Async<json::object> remove(model::Operation operation);
  /// Brings HAProxy to what is wanted now; gives one that was killed the time to come back.
  Async<void> reconcile_soon();
  /// Waits until none of these servers, which are no longer wanted, has a request; after `patience` cuts
  /// those that are left. Whether it had not to.
  Async<bool> drain(std::set<std::string> servers, milliseconds patience);

 private:
  struct LoadBalancer {
    std::string name;
    json::object raw_settings;
    LoadBalancerSettings settings;
  };

  haproxy::Configuration wanted() const;
  Async<void> reconcile();
  static Async<void> keep_reconciled(LoadBalancers* self);
  void expect_running() const;
  void expect_free(const LoadBalancer& wished) const;
  Async<void> expect_port(LoadBalancer wished);
  Async<void> save();

  const Ground& ground_;
  const Setup setup_;
  const Groups groups_;
  Balancer balancer_;
  std::map<std::string, LoadBalancer> all_;
  Turn turn_;  ///< one change of them at a time
  bool stopped_ = false;
  bool unreconciled_ = false;  ///< something changed since the last reconcile began
  bool reconciling_ = false;   ///< whether keep_reconciled runs
  Signal reconciling_ended_;
  asio::steady_timer timer_;
  std::string last_complaint_;
};

}  // namespace gennaker::providers
