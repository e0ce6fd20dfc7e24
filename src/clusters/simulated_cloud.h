#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "clusters/cloud_provider.h"

namespace gennaker::clusters {

namespace json = boost::json;
using base::Async;

/// How often something goes wrong, from 0 to 1.
struct Faults {
  double crash_before = 0;  ///< fails with `unavailable`, nothing happened
  double crash_after = 0;   ///< a part or all of the effect happened, then `unavailable`
  double lost_answer = 0;   ///< all happened, then `timeout`
  double doubled_call = 0;  ///< the same call arrives twice
};

/// A cloud in memory that keeps CloudProvider's promises, for rehearsals and tests: one account. Instances
/// become healthy when the clock has passed `time_to_healthy` since their launch. A server group's settings
/// may say {"neverHealthy": true} or {"crashes": true} (Failed). A job's may say {"runsFor": ms, "exitCode":
/// 3, "outputs": {}, "files": {name: text}}; without the last any file is there and
/// empty. Threads: one.
class SimulatedCloud final : public CloudProvider {
 public:
  /// The account "local" with the regions "here" and "there", and nothing in it.
  explicit SimulatedCloud(const base::Clock& clock, std::uint64_t seed = 1);
  /// An account like a real one, which holds what that one held. `clock` must outlive it.
  SimulatedCloud(const base::Clock& clock, model::Account account, Snapshot holds);

  std::string_view name() const override { return account_.provider; }
  std::vector<model::Account> accounts() const override;
  model::Capabilities capabilities() const override { return account_.capabilities; }
  Async<void> start() override;
  Async<void> stop() override;
  Async<Snapshot> watch(std::string account, std::uint64_t known) override;
  Async<json::object> perform(model::Operation operation) override;
  Async<std::string> console_output(std::string account, std::string id) override;
  Async<std::string> job_file(std::string account, std::string job_id, std::string name) override;

  /// Carries an operation out at once, without faults. Half: a creation stops half way and nobody hears of
  /// it; the rest happens as a whole.
  enum class HowFar { half, whole };
  json::object carry_out(const model::Operation& operation, HowFar how_far = HowFar::whole) {
    return apply(operation, how_far == HowFar::half);
  }

  void set_faults(Faults faults) { faults_ = faults; }
  /// Of each effect only its answer is kept, not the operation: for clouds that live long.
  void forget_effects() { remembers_effects_ = false; }
  /// Knows the keys of the last so many effects again, as clouds that take client tokens do; by default of
  /// all. What comes later with a key that is forgotten takes effect anew.
  void remember_keys(std::size_t most) { most_keys_ = most; }
  void set_time_to_healthy(std::chrono::milliseconds time) { time_to_healthy_ = time; }
  /// Puts something there that no operation made; a server group takes the place of one of its name.
  void put(model::ServerGroup group);
  void put(model::Image image);
  void put(model::LoadBalancer balancer);
  void put(model::Firewall firewall);
  /// What the id of a newly baked image is made from its name and version by; by default from the content.
  using ImageIds = std::function<std::string(const model::Image&)>;
  void set_image_ids(ImageIds ids) { image_ids_ = std::move(ids); }
  /// Call after the clock moved: watchers see what became healthy.
  void tick();
  /// When an instance becomes healthy or a job ends next, if one is on its way.
  std::optional<base::TimePoint> next_change() const;

  const Snapshot& now();
  /// Every operation that took effect, in order.
  const std::vector<model::Operation>& effects() const { return effects_; }
  /// How many took effect, whether or not they are kept.
  std::uint64_t effect_count() const { return effect_count_; }
  /// Effects whose key had taken effect before: must stay 0.
  int operations_run_twice() const { return run_twice_; }
  std::vector<std::string> effect_kinds() const;

 private:
  bool happens(double chance);
  json::object apply(const model::Operation& operation, bool stop_half_way);
  json::object create(const model::Operation& operation, bool stop_half_way);
  json::object resize(const model::Operation& operation);
  json::object set_disabled(const model::Operation& operation, bool disabled);
  json::object update_launch(const model::Operation& operation);
  json::object destroy(const model::Operation& operation);
  json::object upsert_load_balancer(const model::Operation& operation);
  json::object delete_load_balancer(const model::Operation& operation);
  json::object bake(const model::Operation& operation);
  using Handler = json::object (SimulatedCloud::*)(const model::Operation&);
  static Handler handler_of(std::string_view kind);

  // simulated_instances.cpp
  json::object terminate(const model::Operation& operation);
  json::object terminate_and_decrement(const model::Operation& operation);
  json::object reboot(const model::Operation& operation);
  json::object detach(const model::Operation& operation);
  json::object register_instances(const model::Operation& operation);
  json::object deregister_instances(const model::Operation& operation);
  using Instances = std::function<void(model::ServerGroup&, const std::vector<std::string>& ids)>;
  // simulated_things.cpp
  json::object set_processes(const model::Operation& operation);
  json::object tag_group(const model::Operation& operation);
  json::object tag_image(const model::Operation& operation);
  json::object delete_image(const model::Operation& operation);
  json::object upsert_firewall(const model::Operation& operation);
  json::object delete_firewall(const model::Operation& operation);

  // simulated_jobs.cpp
  json::object run_job(const model::Operation& operation);
  json::object cancel_job(const model::Operation& operation);
  bool refresh_jobs();

  void on_instances(const model::Operation& operation, const Instances& act);
  void replace(model::ServerGroup& group, const std::vector<std::string>& ids);

  void fill(model::ServerGroup& group, int size);
  static void keep_health(model::ServerGroup& group);
  model::ServerGroup& edit(const model::Operation& operation);
  void add(model::ServerGroup group);
  bool is_stale(const model::ServerGroup& group) const;
  void set_health(model::ServerGroup& group);
  void refresh_health();
  void changed();
  void record(const model::Operation& operation, const json::object& answer);

  const base::Clock& clock_;
  base::SeededRandom random_;
  model::Account account_;
  ImageIds image_ids_;
  Faults faults_;
  std::chrono::milliseconds time_to_healthy_{0};
  Snapshot state_;
  base::TimePoint next_change_ = base::TimePoint::max();  ///< of the health of any instance, of any job
  std::map<std::string, json::object> answers_;           ///< by key: finished
  std::map<std::string, std::string> half_done_names_;    ///< by key: creations that were cut short
  std::size_t most_keys_ = SIZE_MAX;
  std::deque<std::string> keys_;  ///< of answers_, oldest first
  bool remembers_effects_ = true;
  std::uint64_t effect_count_ = 0;
  std::vector<model::Operation> effects_;
  int run_twice_ = 0;
  std::vector<std::shared_ptr<boost::asio::steady_timer>> waiters_;
};

}  // namespace gennaker::clusters
