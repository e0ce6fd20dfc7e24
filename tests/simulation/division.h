#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "audit.h"
#include "large_user.h"
#include "server_process.h"

namespace gennaker::simulation {

/// A division of a large user, day by day: the real server under virtual time, with a coarse cloud (an
/// operation is one event, and what it starts is healthy at once), people, and the troubles of a usual year.
/// The same seed and number give the same days. Threads: one at a time.
class Division {
 public:
  /// `trouble`: how much more, or less, goes wrong than usual.
  Division(std::uint64_t seed, int number, double trouble);
  ~Division();
  Division(const Division&) = delete;
  Division& operator=(const Division&) = delete;

  /// Another day passes; ends early when a law is broken.
  void live_a_day();
  /// Nothing begins and nothing goes wrong any more: what is under way ends, and the last laws are asked.
  void come_to_rest();

  const std::optional<Broken>& broken() const { return audit_.broken(); }
  int day() const { return day_; }
  const Figures& figures() const { return audit_.figures(); }
  const Tally& troubles() const { return troubles_; }
  /// Of all that it did. Call once, as the last thing.
  std::string digest() { return audit_.digest(); }

 private:
  class Witness;
  /// What somebody has asked for and not heard of.
  struct Asked {
    std::size_t delivery;
    json::object trigger;
  };

  Surroundings surroundings();
  void set_up();
  void boot();
  void crash(std::string_view how);
  bool step();
  bool work();
  bool is_up() const { return process_ && process_->ready(); }

  void begin_day();
  void deploy();
  void start(std::size_t delivery, json::object trigger);
  bool is_busy(std::size_t delivery) const;
  void judge_later(const runner::TaskContext& context);
  void judge(const std::string& execution_id, const std::string& stage_id, std::string_view word);
  void prune();

  base::VirtualClock clock_;
  Calendar calendar_;
  Dice dice_;
  Faults faults_;
  Tally troubles_;
  const Holdings holdings_;
  const double trouble_;
  Vault vault_;
  Audit::Clouds clouds_;
  CloudWatcher cloud_watcher_;
  Web web_;
  Audit audit_;
  std::unique_ptr<Witness> witness_;
  std::unique_ptr<ServerProcess> process_;
  int day_ = 0;
  bool day_is_over_ = false;
  int steps_to_crash_ = 0;  ///< 0: it does not crash
  std::uint64_t last_asked_ = 0;
  std::map<std::uint64_t, Asked> asked_;
  std::set<std::string> to_be_judged_;  ///< stages of which somebody will hear
};

}  // namespace gennaker::simulation
