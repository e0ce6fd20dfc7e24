#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "clusters/cloud_provider.h"

namespace gennaker::testing {

namespace json = boost::json;
using base::Async;

/// How often something goes wrong, from 0 to 1.
struct Faults {
  double crash_before = 0;  ///< fails with `unavailable`, nothing happened
  double crash_after = 0;   ///< a part or all of the effect happened, then `unavailable`
  double lost_answer = 0;   ///< all happened, then `timeout`
  double doubled_call = 0;  ///< the same call arrives twice
};

/// A cloud in memory that keeps CloudProvider's promises: one account "local" with the regions "here" and
/// "there". Instances become healthy when the clock has passed `time_to_healthy` since their launch.
/// A server group's settings may say {"neverHealthy": true} or {"crashes": true} (Failed).
class SimulatedCloud final : public clusters::CloudProvider {
 public:
  SimulatedCloud(const base::Clock& clock, std::uint64_t seed = 1, std::string account = "local");

  std::string_view name() const override { return "simulated"; }
  std::vector<model::Account> accounts() const override;
  Async<void> start() override;
  Async<void> stop() override;
  Async<clusters::Snapshot> watch(std::string account, std::uint64_t known) override;
  Async<json::object> perform(model::Operation operation) override;
  Async<std::string> console_output(std::string account, std::string instance_id) override;

  void set_faults(Faults faults) { faults_ = faults; }
  void set_time_to_healthy(std::chrono::milliseconds time) { time_to_healthy_ = time; }
  /// Puts something there that no operation made.
  void put(model::ServerGroup group);
  void put(model::Image image);
  void put(model::LoadBalancer balancer);
  /// Call after the clock moved: watchers see what became healthy.
  void tick();

  const clusters::Snapshot& now();
  /// Every operation that took effect, in order.
  const std::vector<model::Operation>& effects() const { return effects_; }
  /// Effects whose key had taken effect before: must stay 0.
  int operations_run_twice() const { return run_twice_; }
  std::vector<std::string> effect_kinds() const;

 private:
  bool happens(double chance);
  json::object apply(const model::Operation& operation, bool stop_half_way);
  json::object create(const model::Operation& operation, bool stop_half_way);
  json::object resize(const model::Operation& operation);
  json::object set_disabled(const model::Operation& operation, bool disabled);
  json::object destroy(const model::Operation& operation);
  json::object upsert_load_balancer(const model::Operation& operation);
  json::object delete_load_balancer(const model::Operation& operation);
  json::object bake(const model::Operation& operation);
  void fill(model::ServerGroup& group, int size);
  model::ServerGroup& find(const model::Operation& operation);
  void refresh_health();
  void changed();
  void record(const model::Operation& operation);

  const base::Clock& clock_;
  base::SeededRandom random_;
  std::string account_;
  Faults faults_;
  std::chrono::milliseconds time_to_healthy_{0};
  clusters::Snapshot state_;
  std::map<std::string, json::object> answers_;         ///< by key: finished
  std::map<std::string, std::string> half_done_names_;  ///< by key: creations that were cut short
  std::vector<model::Operation> effects_;
  int run_twice_ = 0;
  std::vector<std::shared_ptr<boost::asio::steady_timer>> waiters_;
};

}  // namespace gennaker::testing
