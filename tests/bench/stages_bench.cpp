// How many durable stages a second complete: 1,000 executions of 10 short stages with a context of 2 KB each,
// all in flight together, through engine, runner and store: SQLite (synchronous = FULL), then PostgreSQL.
// Beside each its bare database, which writes the same bytes in as many transactions.
//
//   stages_bench [--executions 1000] [--stages 10] [--context 2048] [--rounds 3] [--directory DIR]
//   [--postgres URL]

#include <CLI/CLI.hpp>
#include <boost/asio/use_future.hpp>
#include <condition_variable>
#include <filesystem>
#include <stdlib.h>

#include "bare_postgres.h"
#include "bare_sqlite.h"
#include "base/ids.h"
#include "pipelines/execution_builder.h"
#include "runner/catalogs.h"
#include "runner/runner.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"

namespace {

using namespace gennaker;
using store::Changes;
namespace json = boost::json;

struct Plan {
  int executions = 1000;
  int stages = 10;
  int context_bytes = 2048;  ///< of each stage, besides what every stage has
  unsigned rounds = 3;
  std::filesystem::path directory = std::filesystem::temp_directory_path();
  std::string postgres;  ///< URL of an empty database
  bool only_sqlite = false;
  std::filesystem::path stored;  ///< a store with much in it, to be measured beside an empty one
  int total() const { return executions * stages; }
};

class ShortStage final : public engine::Stage {
 public:
  std::string_view type() const override { return "short"; }
  engine::Plan plan(const engine::StageView&) const override { return engine::run_in_order({"short"}); }
};

class ShortTask final : public runner::Task {
 public:
  base::Async<runner::TaskResult> run(runner::TaskContext context) override {
    co_return runner::succeeded({{"answer", context.stage().ref_id}}, {{"answer", context.stage().ref_id}});
  }
};

class NoClouds final : public runner::Operator {
 public:
  base::Async<json::object> perform(model::Operation) override { co_return json::object{}; }
};

/// Passes everything on, and keeps a copy for whoever wants to write the same.
class RecordingStore final : public store::Store {
 public:
  explicit RecordingStore(store::Store& inner) : inner_(inner) {}
  base::Async<void> commit(Changes changes) override {
    {
      const std::lock_guard lock(mutex_);
      recorded_.push_back(changes);
    }
    return inner_.commit(std::move(changes));
  }
  base::Async<std::optional<model::Execution>> execution(std::string id) override {
    return inner_.execution(id);
  }
  base::Async<std::vector<model::Execution>> executions(store::ExecutionQuery query,
                                                        model::Detail detail) override {
    return inner_.executions(std::move(query), detail);
  }
  base::Async<std::vector<std::string>> unfinished_executions() override {
    return inner_.unfinished_executions();
  }
  base::Async<std::optional<store::Document>> document(std::string kind, std::string id) override {
    return inner_.document(std::move(kind), std::move(id));
  }
  base::Async<std::vector<store::Document>> documents(std::string kind,
                                                      std::optional<std::string> scope) override {
    return inner_.documents(std::move(kind), std::move(scope));
  }
  base::Async<std::vector<store::Document>> history(std::string kind, std::string id,
                                                    std::size_t limit) override {
    return inner_.history(std::move(kind), std::move(id), limit);
  }
  base::Async<std::vector<store::FeedEntry>> feed(std::uint64_t after, std::size_t limit) override {
    return inner_.feed(after, limit);
  }
  base::Async<FeedRange> feed_range() override { return inner_.feed_range(); }
  void on_feed(std::function<void(const std::vector<store::FeedEntry>&)> listener) override {
    inner_.on_feed(std::move(listener));
  }
  store::Lease lease() const override { return inner_.lease(); }
  base::Async<std::optional<store::Lease>> lease_on(std::string execution_id) override {
    return inner_.lease_on(std::move(execution_id));
  }
  void watch(store::Watcher watcher) override { inner_.watch(std::move(watcher)); }
  base::Async<std::vector<store::Command>> commands() override { return inner_.commands(); }
  base::Async<std::vector<std::string>> starting(std::string pipeline_config_id) override {
    return inner_.starting(std::move(pipeline_config_id));
  }
  base::Async<std::vector<store::Answer>> answers(std::vector<std::string> command_ids) override {
    return inner_.answers(std::move(command_ids));
  }
  base::Async<std::string> holder(std::string name) override { return inner_.holder(std::move(name)); }
  base::Async<std::vector<store::Claim>> claims(std::string prefix) override {
    return inner_.claims(std::move(prefix));
  }

  const std::vector<Changes>& recorded() const { return recorded_; }

 private:
  store::Store& inner_;
  std::mutex mutex_;
  std::vector<Changes> recorded_;
};

struct Outcome {
  double seconds = 0;
  int commits = 0;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Of the size that is asked for, in fields as long as people write them.
json::object settings_of(int bytes) {
  constexpr int bytes_a_field = 64;
  json::object settings;
  for (int i = 0; i < bytes / bytes_a_field; ++i)
    settings[fmt::format("setting{:03}", i)] = std::string(bytes_a_field - 16, 'x');
  return settings;
}

model::Execution execution_of(const Plan& plan, int number, base::Random& random) {
  const json::object settings = settings_of(plan.context_bytes);
  json::array stages;
  for (int i = 0; i < plan.stages; ++i) {
    json::object stage{{"type", "short"}, {"refId", std::to_string(i)}, {"name", "Short stage"}};
    stage["settings"] = settings;
    if (i > 0) stage["requisiteStageRefIds"] = json::array{std::to_string(i - 1)};
    stages.push_back(std::move(stage));
  }
  const json::object config{
      {"application", "bench"}, {"name", "Ten short stages"}, {"id", "bench"}, {"stages", stages}};
  const base::TimePoint now = base::from_millis(1'700'000'000'000 + number);
  return pipelines::build_pipeline_execution(config, {{"type", "manual"}, {"parameters", json::object{}}},
                                             base::new_ulid(now, random), now, random);
}

/// `seed`: of the executions' ids, so that no round writes over another's.
Outcome measure_runner(const Plan& plan, std::unique_ptr<store::Store> store, std::uint64_t seed,
                       std::vector<Changes>* recorded = nullptr) {
  std::atomic<int> commits = 0;
  store->on_feed([&](const std::vector<store::FeedEntry>&) { ++commits; });
  RecordingStore recording(*store);
  store::Store& chosen = recorded ? static_cast<store::Store&>(recording) : *store;

  engine::StageCatalog stages;
  runner::TaskCatalog tasks;
  stages.add(std::make_unique<ShortStage>());
  tasks.add("short", std::make_unique<ShortTask>());
  NoClouds clouds;
  base::SystemClock clock;
  base::SeededRandom random(seed);
  runner::Runner runner({chosen, stages, tasks, clouds, clock}, 2);
  std::mutex mutex;
  std::condition_variable changed;
  int ended = 0;
  runner.on_end([&](const model::Execution& execution) {
    if (execution.status != model::Status::succeeded) std::abort();
    const std::lock_guard lock(mutex);
    if (++ended == plan.executions) changed.notify_one();
  });

  std::vector<model::Execution> executions;
  for (int i = 0; i < plan.executions; ++i) executions.push_back(execution_of(plan, i, random));
  base::asio::io_context context;
  for (model::Execution& execution : executions) {
    base::asio::co_spawn(context, runner.accept(std::move(execution)), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
  }
  const auto begin = std::chrono::steady_clock::now();
  context.run();
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return ended == plan.executions; });
  }
  const Outcome outcome{seconds_since(begin), commits};
  runner.stop();
  if (recorded) *recorded = recording.recorded();
  return outcome;
}

template <class Bare>
Outcome measure_bare(Bare& database, const std::vector<Changes>& changes, int commits) {
  const std::size_t batch =
      std::max<std::size_t>(1, changes.size() / static_cast<std::size_t>(std::max(1, commits)));
  std::vector<std::vector<Changes>> batches;
  for (std::size_t number = 0; number < changes.size(); ++number) {
    if (number % batch == 0) batches.emplace_back();
    batches.back().push_back(changes[number]);
  }
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& together : batches) database.commit(together);
  return {seconds_since(begin), static_cast<int>(batches.size())};
}

void print(std::string_view name, const Plan& plan, const Outcome& outcome) {
  fmt::print("{:<34} {:>9.0f} stages/s  ({} in {:.2f} s, {} commits)\n", name, plan.total() / outcome.seconds,
             plan.total(), outcome.seconds, outcome.commits);
}

void print_both(std::string_view database, const Plan& plan, const Outcome& ours, const Outcome& bare) {
  print(fmt::format("{}, {} executions", database, plan.executions), plan, ours);
  print(fmt::format("bare {}, the same bytes", database), plan, bare);
  fmt::print("{:<34} {:>9.2f}\n", fmt::format("ratio (Gennaker / bare {})", database),
             bare.seconds / ours.seconds);
}

/// The fastest of several rounds, ours and the bare database's in turns: whatever else the machine does takes
/// time from single rounds.
struct Best {
  Outcome ours, bare, stored;
  void take(const Outcome& one, Outcome& best) {
    if (best.commits == 0 || one.seconds < best.seconds) best = one;
  }
};

void measure_sqlite(const Plan& plan, std::vector<Changes>& recorded) {
  std::string pattern = (plan.directory / "gennaker-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error("cannot write to " + plan.directory.string());
  const std::filesystem::path directory = pattern;
  measure_runner(plan, store::open_sqlite(directory / "warm-up.db"), 1, &recorded);
  Best best;
  for (unsigned round = 0; round < plan.rounds; ++round) {
    const Outcome ours =
        measure_runner(plan, store::open_sqlite(directory / fmt::format("store-{}.db", round)), 1);
    bench::BareSqlite database(directory / fmt::format("bare-{}.db", round));
    best.take(ours, best.ours);
    best.take(measure_bare(database, recorded, ours.commits), best.bare);
    if (!plan.stored.empty())
      best.take(measure_runner(plan, store::open_sqlite(plan.stored), round + 2), best.stored);
  }
  std::filesystem::remove_all(directory);
  print_both("SQLite", plan, best.ours, best.bare);
  if (plan.stored.empty()) return;
  print("beside an empty store", plan, best.ours);
  print("with what is stored", plan, best.stored);
  fmt::print("{:<34} {:>9.2f}\n", "ratio (stored / empty)", best.ours.seconds / best.stored.seconds);
}

void measure_postgres(const Plan& plan, const std::vector<Changes>& recorded) {
  const bench::MeasuredPostgres measured(plan.postgres);
  Best best;
  for (unsigned round = 0; round < plan.rounds; ++round) {
    const Outcome ours = measure_runner(plan, store::open_postgres(measured.url()), round + 1);
    bench::BarePostgres database(measured.url());
    best.take(ours, best.ours);
    best.take(measure_bare(database, recorded, ours.commits), best.bare);
  }
  print_both("PostgreSQL", plan, best.ours, best.bare);
}

void measure(const Plan& plan) {
  std::vector<Changes> recorded;
  measure_sqlite(plan, recorded);
  if (!plan.only_sqlite) measure_postgres(plan, recorded);
}

}  // namespace

int main(int count, char** arguments) {
  Plan plan;
  CLI::App app("Durable stages a second, beside the bare databases");
  app.add_option("--executions", plan.executions, "in flight together")->check(CLI::PositiveNumber);
  app.add_option("--stages", plan.stages, "of each execution")->check(CLI::PositiveNumber);
  app.add_option("--context", plan.context_bytes, "bytes of each stage's own")->check(CLI::NonNegativeNumber);
  app.add_option("--rounds", plan.rounds, "of which the fastest counts")->check(CLI::PositiveNumber);
  app.add_option("--directory", plan.directory, "on the disk to measure");
  app.add_option("--postgres", plan.postgres,
                 "URL of an empty database; a PostgreSQL is started if not given");
  app.add_flag("--only-sqlite", plan.only_sqlite, "no PostgreSQL");
  app.add_option("--stored", plan.stored, "an SQLite store to measure beside an empty one; it grows");
  CLI11_PARSE(app, count, arguments);
  try {
    measure(plan);
  } catch (const std::exception& error) {
    fmt::print(stderr, "stages_bench: {}\n", error.what());
    return 1;
  }
}
