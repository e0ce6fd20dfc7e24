#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/virtual_clock.h"
#include "book.h"
#include "clusters/simulated_cloud.h"
#include "faults.h"
#include "server_process.h"

namespace gennaker::simulation {

/// What somebody asked of an execution. `token` is a word of its own, which its effect leaves in the store.
struct Command {
  enum class Kind { cancel, pause, resume, patch, restart } kind;
  std::string execution_id, stage_id, token;
  json::object patch = {};
};

/// A law that does not hold.
struct Broken {
  std::string law, what;
};

/// Law 2: why the stage may not begin yet; empty: it may.
std::string begins_too_early(const model::Execution& execution, const model::Stage& stage);

/// What is always true: docs/decisions/0016-simulation.md. Each law is one function; it is told what a step
/// changed and looks at that alone. Keeps the first that is broken.
class Laws {
 public:
  /// `server_of`: the number of the server that an execution belongs to.
  Laws(const base::VirtualClock& clock, const std::vector<std::unique_ptr<clusters::SimulatedCloud>>& clouds,
       std::function<int(const std::string& execution_id)> server_of);

  const std::optional<Broken>& broken() const { return broken_; }
  const Book& book() const { return book_; }

  // ---- What happens ----
  void committed(const store::Changes& changes);
  void before_operation();
  void after_operation(const model::Operation& operation);
  void looks(int server, const runner::TaskContext& context);
  void planned(const engine::StageView& stage);
  void asked(int server, const Command& command);
  void acknowledged(const Command& command);
  void answered(const Command& command) { awaited_tokens_.erase(command.token); }
  void started(const std::string& execution_id);
  void process_died(int server);
  /// What the server had is others' now.
  void lost_its_lease(int server);
  /// Every execution has a server, everybody in them waits, and no call is under way.
  void at_rest();
  /// Nobody does anything any more, and time has passed.
  void at_the_end();

  /// The guarded cluster, of the account "local".
  static constexpr std::string_view guarded_cluster = "shop-guarded";

 private:
  void law(bool holds, std::string_view law, std::string what);

  // The laws, by their numbers in the decision.
  void ends_or_waits_for_something_named(const Book::Entry& entry);                 // 1
  void acts_on_what_it_waited_for(const Book::Entry& entry);                        // 1
  void waits_only_while_others_run(const Book::Entry& entry);                       // 1
  void starts_behind_its_requisites(const model::Execution&, const model::Stage&);  // 2
  void takes_effect_once(const model::Operation& operation);                        // 3
  void keeps_the_guarded_cluster_serving(const model::Operation& operation);        // 4
  void acts_under_the_lock(const model::Operation& operation);                      // 5
  void begins_inside_its_window(const runner::TaskContext& context);                // 6
  void keeps_what_was_acknowledged(const Command& command);                         // 7
  void follows_every_ending();                                                      // 7
  void leaves_an_ending_only_by_a_restart(const store::Changes& changes);           // 10
  void begins_anew_what_is_behind(const model::Execution& execution, const model::Stage& restarted,
                                  const store::Changes& changes);                  // 10
  void believes_what_is_stored(const Book::Entry& entry);                          // 11
  void keeps_the_limit(const store::Changes& changes);                             // 12
  void starts_once_for_a_correlation_id(const std::vector<std::string>& created);  // 13
  void stores_all_or_nothing(const store::Changes& changes);                       // 14

  int serving() const;

  const base::VirtualClock& clock_;
  const std::vector<std::unique_ptr<clusters::SimulatedCloud>>& clouds_;
  Book book_;
  std::map<std::string, std::string> locks_;  ///< and other claims: who holds which
  std::optional<Broken> broken_;
  std::set<std::string> changed_;  ///< executions since the last rest
  struct Beliefs {
    std::set<std::string> asked;  ///< tasks that the process has asked, "execution/stage/task"
    std::map<std::string, runner::TaskContext> contexts;  ///< what it believes, by execution
  };
  std::map<int, Beliefs> beliefs_;  ///< of each server
  std::function<int(const std::string&)> server_of_;
  struct Awaited {
    int server;
    std::string execution_id;
    bool seen;   ///< the store has it
    bool ended;  ///< its execution has ended meanwhile, by itself, and may have been restarted since
  };
  std::map<std::string, Awaited> awaited_tokens_;
  std::map<std::string, int> effects_;  ///< by who caused it, and what it is
  std::size_t effects_before_ = 0;
  int serving_then_ = 0;
  std::set<std::string> begun_;  ///< stages whose window was looked at, with their start
};

/// What the laws see of one server.
class Witness final : public ProcessWatcher {
 public:
  Witness(Laws& laws, int server) : laws_(laws), server_(server) {}
  void looks(const runner::TaskContext& context) override { laws_.looks(server_, context); }
  void lost_its_lease() override { laws_.lost_its_lease(server_); }
  void planned(const engine::StageView& stage, engine::Plan&) override { laws_.planned(stage); }

 private:
  Laws& laws_;
  int server_;
};

}  // namespace gennaker::simulation
