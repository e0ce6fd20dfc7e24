// How many durable transactions a second the stores make for 1,000 callers at once, each beside its bare
// database that writes the same bytes in transactions of the same size. Prints both and their ratio.
//
//   store_bench [--callers 1000] [--changes 20] [--directory DIR] [--postgres URL]
//
// `changes` is what each caller commits, one after another: what a stage does, which is to begin and to end.

#include <CLI/CLI.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <iostream>
#include <stdlib.h>

#include "bare_postgres.h"
#include "bare_sqlite.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"

namespace {

using namespace gennaker;
using store::Changes;

struct Plan {
  int callers = 1000;
  int changes = 20;
  std::filesystem::path directory = std::filesystem::temp_directory_path();
  std::string postgres;  ///< URL of an empty database
  int total() const { return callers * changes; }
};

struct Outcome {
  double seconds = 0;
  int commits = 0;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// A stage as it is after it has run: a context of some 500 bytes, two tasks.
model::Stage stage_of(const std::string& execution_id, int number) {
  model::Stage stage;
  stage.id = fmt::format("{}-{}", execution_id, number);
  stage.ref_id = fmt::format("{}", number);
  stage.type = "wait";
  stage.name = "Wait a little";
  stage.ordinal = number;
  for (int i = 0; i < 8; ++i) stage.context[fmt::format("field{}", i)] = std::string(40, 'x');
  stage.tasks = {{.id = "1", .name = "first", .implementation = "first"},
                 {.id = "2", .name = "second", .implementation = "second"}};
  return stage;
}

model::Execution execution_of(int caller) {
  model::Execution execution;
  execution.id = fmt::format("01HZZZZZZZZZZZZZZZZZ{:06}", caller);
  execution.application = "bench";
  execution.name = "Ten short stages";
  execution.pipeline_config_id = fmt::format("config-{}", caller % 50);
  execution.build_time = base::from_millis(1'700'000'000'000 + caller);
  execution.status = model::Status::running;
  return execution;
}

/// The first writes the execution; each writes one stage, which begins and then ends, and the news of it.
Changes changes_of(const model::Execution& execution, int step) {
  Changes changes;
  if (step == 0) changes.executions.push_back(store::row_of(execution));
  model::Stage stage = stage_of(execution.id, step / 2);
  stage.status = step % 2 == 0 ? model::Status::running : model::Status::succeeded;
  changes.stages.push_back(store::row_of(execution, stage));
  changes.feed.push_back({.at = execution.build_time,
                          .kind = "execution",
                          .application = execution.application,
                          .subject = execution.id,
                          .body = changes.stages.back().outline});
  return changes;
}

base::Async<void> commit_all(store::Store& store, int caller, int count) {
  const model::Execution execution = execution_of(caller);
  for (int step = 0; step < count; ++step) co_await store.commit(changes_of(execution, step));
}

Outcome measure_store(const Plan& plan, std::unique_ptr<store::Store> store) {
  std::atomic<int> commits = 0;
  store->on_feed([&](const std::vector<store::FeedEntry>&) { ++commits; });
  base::asio::io_context context;
  for (int caller = 0; caller < plan.callers; ++caller) {
    auto one = commit_all(*store, caller, plan.changes);
    base::asio::co_spawn(context, std::move(one), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
  }
  const auto begin = std::chrono::steady_clock::now();
  context.run();
  return {seconds_since(begin), commits};
}

/// The same changes, `batch` to a transaction. They are made within the measured time too, as the callers do.
template <class Bare>
Outcome measure_bare(const Plan& plan, Bare& database, int batch) {
  std::vector<model::Execution> executions;
  for (int caller = 0; caller < plan.callers; ++caller) executions.push_back(execution_of(caller));
  Outcome outcome;
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Changes> together;
  for (int number = 0; number < plan.total(); ++number) {
    together.push_back(changes_of(executions[number % plan.callers], number / plan.callers));
    if (number % batch == batch - 1 || number == plan.total() - 1) {
      database.commit(together);
      together.clear();
      ++outcome.commits;
    }
  }
  outcome.seconds = seconds_since(begin);
  return outcome;
}

int batch_of(const Plan& plan, const Outcome& outcome) {
  return std::max(1, plan.total() / std::max(1, outcome.commits));
}

void print(std::string_view name, const Plan& plan, const Outcome& outcome) {
  fmt::print("{:<34} {:>9.0f} transactions/s  ({} in {:.2f} s, {} commits, {:.0f} each)\n", name,
             plan.total() / outcome.seconds, plan.total(), outcome.seconds, outcome.commits,
             double(plan.total()) / outcome.commits);
}

void print_both(std::string_view database, const Plan& plan, const Outcome& ours, const Outcome& bare) {
  print(fmt::format("store on {}, {} callers", database, plan.callers), plan, ours);
  print(fmt::format("bare {}, the same bytes", database), plan, bare);
  fmt::print("{:<34} {:>9.2f}\n", fmt::format("ratio (store / bare {})", database),
             bare.seconds / ours.seconds);
}

void measure_sqlite(const Plan& plan) {
  std::string pattern = (plan.directory / "gennaker-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error("cannot write to " + plan.directory.string());
  const std::filesystem::path directory = pattern;
  const Outcome ours = measure_store(plan, store::open_sqlite(directory / "store.db"));
  Outcome bare;
  {
    bench::BareSqlite database(directory / "bare.db");
    bare = measure_bare(plan, database, batch_of(plan, ours));
  }
  std::filesystem::remove_all(directory);
  print_both("SQLite", plan, ours, bare);
}

void measure_postgres(const Plan& plan) {
  const bench::MeasuredPostgres measured(plan.postgres);
  const Outcome ours = measure_store(plan, store::open_postgres(measured.url()));
  bench::BarePostgres database(measured.url());
  print_both("PostgreSQL", plan, ours, measure_bare(plan, database, batch_of(plan, ours)));
}

}  // namespace

int main(int count, char** arguments) {
  Plan plan;
  CLI::App app("Durable transactions a second, beside the bare databases");
  app.add_option("--callers", plan.callers, "who commit at the same time")->check(CLI::PositiveNumber);
  app.add_option("--changes", plan.changes, "commits a caller")->check(CLI::PositiveNumber);
  app.add_option("--directory", plan.directory, "on the disk to measure");
  app.add_option("--postgres", plan.postgres,
                 "URL of an empty database; a PostgreSQL is started if not given");
  CLI11_PARSE(app, count, arguments);
  try {
    measure_sqlite(plan);
    measure_postgres(plan);
  } catch (const std::exception& error) {
    fmt::print(stderr, "store_bench: {}\n", error.what());
    return 1;
  }
}
