#include "runner/runner.h"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/timer.h"
#include "base/virtual_clock.h"
#include "store/memory/memory_store.h"
#include "store/store_contract.h"
#include "testing/builders.h"
#include "testing/run_async.h"

namespace gennaker::runner {
namespace {

using model::Status;
using std::chrono::milliseconds;

/// One task: "work".
class WorkStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "work"; }
  engine::Plan plan(const engine::StageView&) const override { return engine::run_in_order({"work"}); }
};

/// Keeps what it was asked to carry out.
class Clouds final : public Operator {
 public:
  Async<json::object> perform(model::Operation operation) override {
    kinds.push_back(operation.kind);
    co_return json::object{};
  }
  std::vector<std::string> kinds;
};

/// A runner in virtual time, with one stage of one task.
class RunnerWorld {
 public:
  explicit RunnerWorld(std::unique_ptr<Task> work, BackOff back_off = {}) {
    stages_.add(std::make_unique<WorkStage>());
    tasks_.add("work", std::move(work));
    runner_.emplace(RunnerParts{.store = store_,
                                .stages = stages_,
                                .tasks = tasks_,
                                .clouds = clouds,
                                .clock = clock_,
                                .back_off = std::move(back_off)},
                    io_.get_executor());
  }

  /// Runs a pipeline of that stage to its end, and returns it.
  model::Execution run(const std::string& context) {
    model::Execution execution = gennaker::testing::execution({{.type = "work", .context = context}});
    execution.status = Status::not_started;
    const std::string id = execution.id;
    boost::asio::co_spawn(io_, runner_->accept(std::move(execution)), boost::asio::detached);
    for (;;) {
      io_.restart();
      while (io_.poll() > 0) io_.restart();
      const auto now = gennaker::testing::run_async(io_, store_.execution(id));
      const auto due = clock_.next_due();
      if (!now || model::is_complete(now->status) || !due) return now.value_or(model::Execution{});
      clock_.advance_to(*due);
    }
  }

  Clouds clouds;

 private:
  boost::asio::io_context io_;
  base::VirtualClock clock_;
  store::MemoryStore store_;
  engine::StageCatalog stages_;
  TaskCatalog tasks_;
  std::optional<Runner> runner_;
};

/// Wants to look each second, ten times; keeps when it did.
class Polls final : public Task {
 public:
  explicit Polls(std::vector<base::TimePoint>& looks) : looks_(looks) {}
  Async<TaskResult> run(TaskContext context) override {
    looks_.push_back(context.now());
    if (looks_.size() == 10) co_return succeeded();
    co_return again({.after = std::chrono::seconds(1), .waiting_for = "the tenth look"});
  }

 private:
  std::vector<base::TimePoint>& looks_;
};

milliseconds time_of_ten_looks(BackOff back_off, const std::string& context) {
  std::vector<base::TimePoint> looks;
  RunnerWorld world(std::make_unique<Polls>(looks), std::move(back_off));
  EXPECT_EQ(world.run(context).status, Status::succeeded);
  EXPECT_EQ(looks.size(), 10u);
  return looks.empty() ? milliseconds(0)
                       : std::chrono::duration_cast<milliseconds>(looks.back() - looks.front());
}

TEST(Runner, LooksNoOftenerThanItsBackOffAllows) {
  const BackOff back_off{.everywhere = milliseconds(2'000), .of_account = {{"prod", milliseconds(8'000)}}};
  EXPECT_EQ(time_of_ten_looks({}, "{}"), milliseconds(9'000));
  EXPECT_EQ(time_of_ten_looks(back_off, "{}"), milliseconds(18'000));
  EXPECT_EQ(time_of_ten_looks(back_off, R"({"credentials": "prod"})"), milliseconds(72'000));
  EXPECT_EQ(time_of_ten_looks({}, R"({"backoffPeriodMs": 3000})"), milliseconds(27'000));
}

/// Ends CANCELED by itself.
class GivesUp final : public Task {
 public:
  explicit GivesUp(bool cleaning_fails = false) : cleaning_fails_(cleaning_fails) {}
  Async<TaskResult> run(TaskContext) override {
    TaskResult result;
    result.status = Status::canceled;
    result.context = {{"reason", "not wanted"}, {"left", "a server group"}};
    co_return result;
  }
  Async<TaskResult> cancel(TaskContext context) override {
    if (cleaning_fails_) throw base::Error(base::Kind::invalid, "the cloud has gone");
    TaskResult result = operate({.kind = "cleanUp", .key = context.key("clean")});
    result.context = {{"left", nullptr}};
    result.outputs = {{"cleaned", true}};
    co_return result;
  }

 private:
  const bool cleaning_fails_;
};

TEST(Runner, CleansUpAfterATaskThatEndsCanceled) {
  RunnerWorld world(std::make_unique<GivesUp>());
  const model::Execution ended = world.run("{}");
  EXPECT_EQ(ended.status, Status::canceled);
  EXPECT_EQ(world.clouds.kinds, std::vector<std::string>{"cleanUp"});
  EXPECT_EQ(ended.stages[0].context, gennaker::testing::object(R"({"reason": "not wanted", "left": null})"));
  EXPECT_EQ(ended.stages[0].outputs, gennaker::testing::object(R"({"cleaned": true})"));
}

TEST(Runner, KeepsTheStagesOptionsForATaskThatEndsCanceled) {
  RunnerWorld world(std::make_unique<GivesUp>());
  const model::Execution ended = world.run(R"({"continuePipeline": true})");
  EXPECT_EQ(ended.status, Status::succeeded);
  EXPECT_EQ(ended.stages[0].status, Status::failed_continue);
  EXPECT_EQ(world.clouds.kinds.size(), 1u);
}

TEST(Runner, TellsOfACleanUpThatFailed) {
  RunnerWorld world(std::make_unique<GivesUp>(true));
  const model::Execution ended = world.run("{}");
  EXPECT_EQ(ended.status, Status::canceled);
  EXPECT_EQ(ended.stages[0].context.at("cleanUpFailure"), "the cloud has gone");
  EXPECT_EQ(ended.stages[0].context.at("left"), "a server group");
}

/// Takes nothing while it is held.
class HeldStore final : public store::MemoryStore {
 public:
  explicit HeldStore(const base::Clock& clock) : clock_(clock) {}
  Async<void> commit(store::Changes changes) override {
    while (held) {
      auto waiting = base::sleep_for(clock_, milliseconds(10));
      co_await std::move(waiting);
    }
    auto committing = MemoryStore::commit(std::move(changes));
    co_await std::move(committing);
  }
  bool held = false;

 private:
  const base::Clock& clock_;
};

class Counts final : public Task {
 public:
  explicit Counts(int& runs) : runs_(runs) {}
  Async<TaskResult> run(TaskContext) override {
    ++runs_;
    co_return succeeded();
  }

 private:
  int& runs_;
};

// A server that inherits an execution may have been given a command for it first, whose commit is under way.
TEST(Runner, TakesNothingUpThatIsNotDurable) {
  boost::asio::io_context io;
  base::VirtualClock clock;
  HeldStore store(clock);
  int runs = 0;
  engine::StageCatalog stages;
  stages.add(std::make_unique<WorkStage>());
  TaskCatalog tasks;
  tasks.add("work", std::make_unique<Counts>(runs));
  Clouds clouds;
  Runner runner({.store = store, .stages = stages, .tasks = tasks, .clouds = clouds, .clock = clock},
                io.get_executor());
  const auto pass = [&](milliseconds time) {
    for (const auto end = clock.now() + time; clock.now() < end; clock.advance(milliseconds(10))) {
      io.restart();
      while (io.poll() > 0) io.restart();
    }
  };
  model::Execution execution = gennaker::testing::execution({{.type = "work"}});
  execution.status = Status::not_started;
  gennaker::testing::run_async(io, store.commit(store::changes_for(execution)));
  store.held = true;
  boost::asio::co_spawn(io, runner.tell(execution.id, engine::Start{}), boost::asio::detached);
  pass(milliseconds(50));
  boost::asio::co_spawn(io, runner.start(), boost::asio::detached);
  pass(milliseconds(200));
  EXPECT_EQ(runs, 0) << "that it began is not stored";
  store.held = false;
  pass(milliseconds(200));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(gennaker::testing::run_async(io, store.execution(execution.id))->status, Status::succeeded);
  runner.stop();
}

}  // namespace
}  // namespace gennaker::runner
