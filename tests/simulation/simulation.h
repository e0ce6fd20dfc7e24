#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/timer.h"
#include "company.h"
#include "laws.h"
#include "server_process.h"

/// A server, the world around it and all that can go wrong between them, in one thread under a seed.
namespace gennaker::simulation {

/// Time as it passes, whatever somebody sets the server's clock to: that of the world outside.
class TrueTime final : public base::Clock {
 public:
  explicit TrueTime(const base::VirtualClock& clock) : clock_(clock) {}
  base::TimePoint now() const override { return clock_.passed(); }
  std::unique_ptr<base::Timer> timer(const boost::asio::any_io_executor& executor) const override {
    return clock_.timer(executor);
  }

 private:
  const base::VirtualClock& clock_;
};

/// What survives a crash: time, the store, the clouds, the web. And the server processes that do not: one
/// that is alone with its store, or several that share it.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed, Variety variety = Variety::usual);

  /// One step: a piece of work of the server, something that happens in the world, or time passes. false:
  /// nothing is left that could happen, or a law is broken.
  bool step();
  /// From now on nothing goes wrong any more.
  void calm() { faults_ = {}; }
  /// The last law is asked.
  void end() { laws_.at_the_end(); }

  /// `happening` comes when that time has passed.
  void after(std::chrono::milliseconds time, std::function<void()> happening) {
    calendar_.note(time, std::move(happening));
  }
  /// Somebody asks the server; whether it takes it. Its answer is checked.
  bool command(Command command);
  /// Starts a pipeline; asks again with the same correlation id, if there is one, when no answer comes.
  void start(const json::object& config, json::object trigger, int tries_left = 3);
  void start_task(json::object request);

  const std::optional<Broken>& broken() const { return laws_.broken(); }
  const Book& book() const { return laws_.book(); }
  const Company& company() const { return company_; }
  Dice& people() { return people_; }
  Tally& tally() { return tally_; }
  const Faults& faults() const { return faults_; }
  std::chrono::milliseconds passed() const { return clock_.passed() - began_; }
  std::uint64_t steps() const { return steps_; }
  /// What happened, line by line: the same for the same seed.
  const std::string& log() const { return log_; }
  void log(std::string_view line);

 private:
  struct Server {
    std::unique_ptr<Witness> witness;
    std::unique_ptr<ServerProcess> process;
    bool frozen = false;
  };

  Surroundings surroundings();
  void set_up();
  bool shared() const { return servers_.size() > 1; }
  /// Of the servers that would answer; nullptr: there is none.
  Server* any_server();
  int server_of(const std::string& execution_id);
  void boot(std::size_t number);
  bool crashes();
  void crash(Server& server, std::string_view how);
  void freeze(Server& server);
  void cut_off(Server& server);
  void notice_soon(Server& server);
  void tell_others(const store::Changes& changes);
  bool step(Server& server);
  /// Its lease runs out, unless it has another by then.
  void expire(store::Lease lease);
  void find_an_heir();
  bool all_at_rest();
  bool let_time_pass();
  void trouble_servers();
  void look_around();
  Faults draw_faults();
  void repeat_start(const json::object& config, const json::object& trigger, int tries_left);

  std::uint64_t steps_ = 0;
  int delicate_steps_ = 0;
  std::string log_;
  base::VirtualClock clock_;
  const TrueTime true_time_;
  const base::TimePoint began_;
  Calendar calendar_;
  Dice dice_, people_;
  Faults faults_;
  Tally tally_;
  Company company_;
  Vault vault_;
  std::vector<std::unique_ptr<clusters::SimulatedCloud>> clouds_;
  CloudWatcher cloud_watcher_;
  Web web_;
  Laws laws_;
  std::vector<Server> servers_;
  int unnoticed_ = 0;  ///< servers that count as gone, and nobody has taken over
};

}  // namespace gennaker::simulation
