#pragma once

#include <atomic>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/context.h"
#include "base/timer.h"
#include "engine/advancer.h"
#include "runner/runner.h"

namespace gennaker::runner {

/// One thread and the executions that live on it; or an executor of somebody else's, in place of the thread.
class Runner::Shard {
 public:
  /// `executor`: nullptr for a thread of its own.
  Shard(const RunnerParts& parts, const std::function<void(const model::Execution&)>& on_end,
        const std::function<void(const std::string&)>& on_slot,
        std::function<void(std::string)> wake_everywhere, const boost::asio::any_io_executor* executor);
  ~Shard();

  const boost::asio::any_io_executor& executor() const { return executor_; }
  void stop();
  /// After all shards have stopped, and before the first is destroyed: ends what waits here.
  void let_go();

  // The rest is called on the shard's thread.

  Async<void> accept(model::Execution execution, bool start, std::vector<store::Claim> claims);
  /// false: the execution belongs to another server; nothing has happened.
  Async<bool> tell(std::string execution_id, engine::Event event);
  /// The same, for a command that is answered with what it changes.
  Async<bool> carry_out_command(store::Command command);
  Async<void> take_up(std::string execution_id);
  /// Drops what was loaded under a lease that has run out.
  void forget(store::Lease lease);
  void wake(const std::string& word);

 private:
  /// A task's run: from RunTask to its last report.
  struct Run {
    Run(const base::Clock& clock, const boost::asio::any_io_executor& executor)
        : news(executor, boost::asio::steady_timer::time_point::max()),
          wait(clock.timer(executor)),
          deadline(clock.timer(executor)) {}
    std::string stage_id, task_id;
    boost::asio::steady_timer news;         ///< waited for between two looks; cancelled to end the wait
    std::unique_ptr<base::Timer> wait;      ///< until it is asked again
    std::unique_ptr<base::Timer> deadline;  ///< until it has lasted too long
    boost::asio::cancellation_signal cancel;
    bool begun = false;
    bool waiting = false;
    bool asked_again = false;   ///< woken while it was not waiting
    bool in_operation = false;  ///< a cloud is at work: it is let finish
    bool dropped = false;       ///< nobody wants its result
    bool cleans_up = false;     ///< runs the cancel hook, not the task
    bool cancel_when_operation_ends = false;
    std::optional<engine::TaskTimedOut> timed_out;  ///< while an operation was under way
  };

  struct Letter {
    engine::Event event;
    /// Set: somebody waits for the answer.
    std::function<void(std::exception_ptr)> done;
    std::string command_id = {};  ///< set: it is answered with what it changes
  };

  /// A loaded execution.
  struct Live {
    std::shared_ptr<model::Execution> execution;
    std::optional<engine::Advancer> advancer;  ///< of the execution: nobody else changes it
    std::vector<Letter> mailbox;
    bool turning = false;   ///< what is in memory may be ahead of what is stored
    bool taken_up = false;  ///< while it was turning: what is pending then is to be carried out
    store::Lease lease = 0;
    bool forgotten = false;                            ///< it belongs to another server now
    std::map<std::string, std::shared_ptr<Run>> runs;  ///< by stage id + "/" + task id
  };
  using LivePtr = std::shared_ptr<Live>;
  using RunPtr = std::shared_ptr<Run>;

  // shard.cpp
  /// nullptr: it belongs to another server.
  Async<LivePtr> find_or_load(std::string execution_id);
  std::uint64_t begin_reading(const std::string& execution_id);
  std::uint64_t end_reading(const std::string& execution_id);
  LivePtr adopt(model::Execution execution, store::Lease lease);
  void forget(const LivePtr& live);
  void refuse(Letter& letter, std::exception_ptr why);
  Async<bool> is_lost_but_stored(std::exception_ptr failure, std::string execution_id);
  void carry_out_pending(const LivePtr& live);
  void post(const LivePtr& live, Letter letter);
  Async<void> turn(LivePtr live);
  /// While the store does not answer, it is tried again. `refused`: what it will never take.
  enum class Refused { give_up, try_again };
  Async<void> commit(store::Changes changes, Refused refused = Refused::try_again);
  void unload_if_at_rest(const LivePtr& live);
  Async<void> send(LivePtr live, engine::Event event, std::string command_id = {});
  Async<void> find_answers(LivePtr live, engine::Ask ask);

  // task_run.cpp
  enum class Cancellation { no, yes };
  void carry_out(const LivePtr& live, const engine::Effect& effect);
  void start_run(const LivePtr& live, const std::string& stage_id, const std::string& task_id);
  void cancel_run(const LivePtr& live, const std::string& stage_id, const std::string& task_id);
  void drop_stale_runs(const LivePtr& live);
  void drop(const LivePtr& live, const RunPtr& run, Cancellation cancellation = Cancellation::yes);
  Async<void> run_task(LivePtr live, RunPtr run);
  Async<TaskResult> ask(RunPtr run, Task& task, TaskContext context);
  Async<void> wait_for_next(RunPtr run, Again wish);
  Async<void> clean_up(LivePtr live, RunPtr run);
  void end_with_cleaning(const LivePtr& live, const RunPtr& run);
  void arm_deadline(const LivePtr& live, const RunPtr& run, Task& task, const TaskContext& context);
  Async<void> give_up(LivePtr live, engine::TaskTimedOut timed_out);
  void on_deadline(const LivePtr& live, const RunPtr& run, std::string message);
  void poke(const RunPtr& run);
  bool woken_since(std::uint64_t serial, const std::string& word) const;
  std::optional<TaskContext> context_of(const Live& live, const std::string& stage_id,
                                        const std::string& task_id);

  const RunnerParts& parts_;
  const std::function<void(const model::Execution&)>& on_end_;
  const std::function<void(const std::string&)>& on_slot_;
  std::function<void(std::string)> wake_everywhere_;
  /// Without one the executor is somebody else's.
  struct Thread {
    base::Context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work =
        boost::asio::make_work_guard(context);
    std::thread thread{[this] { context.run(); }};
  };
  std::unique_ptr<Thread> thread_;
  boost::asio::any_io_executor executor_;
  std::unordered_map<std::string, LivePtr> live_;
  /// Executions that are being read: what was unloaded since may be newer than what is read.
  struct Reading {
    int readers = 0;
    std::uint64_t unloads = 0;
  };
  std::unordered_map<std::string, Reading> reading_;
  std::unordered_map<std::string, std::vector<std::weak_ptr<Run>>> waiting_;  ///< by wake word
  /// Wakes are numbered, so that one that comes while a task looks is not lost between its look and its wait.
  std::uint64_t wake_serial_ = 0, wakes_forgotten_at_ = 0;
  std::unordered_map<std::string, std::uint64_t> last_wake_;
};

}  // namespace gennaker::runner
