#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/digest.h"
#include "base/virtual_clock.h"
#include "clusters/simulated_cloud.h"
#include "large_user.h"
#include "laws.h"

namespace gennaker::simulation {

/// What a division did.
struct Figures {
  std::uint64_t executions = 0;              ///< accepted
  std::uint64_t superseded = 0;              ///< ended before they began
  std::array<std::uint64_t, 5> by_fate{};    ///< deployments that have ended
  std::uint64_t stages = 0, operations = 0;  ///< begun; that took effect
  std::uint64_t steps = 0, removed = 0;      ///< of the simulation; executions that were not kept

  std::uint64_t deployments() const;
  void add(const Figures& other);
};

/// The laws that a year can afford to ask: of what an event changed, of an execution when it ends, and of
/// all when a day ends. docs/decisions/0016-simulation.md says which. Keeps the first that is broken.
class Audit {
 public:
  using Clouds = std::vector<std::unique_ptr<clusters::SimulatedCloud>>;
  /// All of it must outlive the audit.
  Audit(const Holdings& holdings, const base::VirtualClock& clock, const Clouds& clouds);

  // What happens.
  void committed(const store::Changes& changes);
  void before_operation() { effects_before_ = effect_count(); }
  void after_operation(const model::Operation& operation);
  void planned(const engine::StageView& stage);
  /// The start of an execution was answered.
  void answered(const std::string& execution_id);
  void day_ends();
  /// Everything has come to rest. `stored`: all executions that the store has.
  void at_the_end(const std::vector<model::Execution>& stored);

  const std::optional<Broken>& broken() const { return broken_; }
  Figures& figures() { return figures_; }
  const Figures& figures() const { return figures_; }
  /// Something of the pipeline is accepted and has not ended.
  bool is_busy(std::size_t delivery) const { return places_.at(delivery).unfinished > 0; }
  std::size_t unfinished() const { return unfinished_; }
  Fate fate_of(const std::string& execution_id) const;
  bool has_ended(const std::string& execution_id) const;
  /// Of all endings and effects, in their order. Call once, as the last thing.
  std::string digest() { return digest_.hex(); }

 private:
  struct Entry {
    std::size_t delivery = 0;
    Fate fate = Fate::serves;
    base::TimePoint accepted{};
    model::Status status = model::Status::not_started;
    bool ended = false;
    std::string image;    ///< that it is to deploy, unless the pipeline finds one
    std::string created;  ///< the server group that it made
    std::unordered_set<std::uint64_t> effects;
  };
  /// A cluster, and the pipeline that deploys to it.
  struct Place {
    clusters::SimulatedCloud* cloud = nullptr;
    std::string serving;           ///< the server group that the last deployment left with traffic
    std::set<std::string> groups;  ///< those that somebody made
    int unfinished = 0, running = 0;
  };

  /// `what` is asked for its text only when the law is broken.
  template <class Text>
  void law(bool holds, std::string_view law, const Text& what) {
    if (!holds && !broken_) broken_ = Broken{std::string(law), what()};
  }
  std::uint64_t effect_count() const;
  const Delivery& delivery(const Entry& entry) const { return holdings_.deliveries[entry.delivery]; }
  void accept(const store::ExecutionRow& row);
  void change(Entry& entry, const store::ExecutionRow& row);
  void end(Entry& entry, const store::ExecutionRow& row);
  void remove(const std::string& execution_id);
  void note_group(Entry& entry, const model::Operation& operation);

  // The laws, by their numbers in the decision.
  void ends_within(std::chrono::milliseconds patience);                          // 1
  void takes_effect_once(Entry& entry, const model::Operation& operation);       // 3
  void keeps_what_was_accepted(const std::vector<model::Execution>& stored);     // 7
  void ends_as_it_must(const Entry& entry, const store::ExecutionRow& row);      // 15
  void is_as_the_last_deployment_left_it(std::size_t place);                     // 16
  void has_an_owner(const model::ServerGroup& group);                            // 17
  void keeps_no_more_than_it_must(const std::vector<model::Execution>& stored);  // 18

  const Holdings& holdings_;
  const base::VirtualClock& clock_;
  const Clouds& clouds_;
  std::unordered_map<std::string, std::size_t> delivery_of_id_, place_of_cluster_;
  std::vector<Place> places_;                       ///< by the delivery's place in the holdings
  std::unordered_map<std::string, Entry> entries_;  ///< what is stored
  std::size_t unfinished_ = 0;
  std::uint64_t effects_before_ = 0;
  std::optional<Broken> broken_;
  Figures figures_;
  base::Sha256 digest_;
};

}  // namespace gennaker::simulation
