#include "store/postgres/postgres_store.h"

#include <fstream>
#include <thread>

#include "base/error.h"
#include "databases.h"
#include "store/postgres/connection.h"
#include "store/postgres/reader.h"
#include "store/postgres/schema.h"
#include "store/store_contract.h"

namespace gennaker::store {

const StoreMaker postgres_maker{
    "Postgres", [](const std::filesystem::path& place) { return open_postgres(url_of(place)); }};
INSTANTIATE_TEST_SUITE_P(Postgres, StoreContract, ::testing::Values(postgres_maker));
INSTANTIATE_TEST_SUITE_P(Postgres, DurableStoreContract, ::testing::Values(postgres_maker));

namespace {

using base::Error;
using base::Kind;
using postgres::Address;
using postgres::Connection;
using postgres::Statement;
using std::chrono::milliseconds;

std::unique_ptr<Store> open_pooled(const std::filesystem::path& place) {
  return open_postgres(pooled_url_of(place));
}
const StoreMaker pooled_maker{"PgBouncer", open_pooled};
}  // namespace

INSTANTIATE_TEST_SUITE_P(PgBouncer, StoreContract, ::testing::Values(pooled_maker));
INSTANTIATE_TEST_SUITE_P(PgBouncer, DurableStoreContract, ::testing::Values(pooled_maker));

namespace {

Changes document(const std::string& id, int value = 1) {
  Changes changes;
  changes.documents.push_back({.kind = "pipeline", .id = id, .scope = "shop", .body = {{"value", value}}});
  changes.feed.push_back({.kind = "document", .application = "shop", .subject = id, .body = "{}"});
  return changes;
}

model::Execution execution_of(const std::string& id, int stages) {
  model::Execution execution;
  execution.id = id;
  execution.application = "shop";
  for (int i = 0; i < stages; ++i) {
    model::Stage stage;
    stage.id = fmt::format("{}-{}", id, i);
    stage.ref_id = std::to_string(i);
    execution.stages.push_back(std::move(stage));
  }
  return execution;
}

class Postgres : public ::testing::Test {
 protected:
  Failure failure_of_opening() {
    return failure_of([&] { open_postgres(url_); });
  }
  Connection connect() { return {Address(url_), milliseconds(10'000)}; }
  void run_sql(const std::string& sql) { connect().run_script(sql); }

  Place place_;
  std::string url_ = url_of(place_.path());
};

// --- migrations -----------------------------------------------------------------------------------

TEST_F(Postgres, ManyThatStartAtOnceMakeTheTablesOnce) {
  constexpr int starters = 6;
  std::vector<Failure> failures(starters);
  std::vector<std::thread> threads;
  for (int i = 0; i < starters; ++i) {
    threads.emplace_back([&, i] { failures[static_cast<std::size_t>(i)] = failure_of_opening(); });
  }
  for (auto& thread : threads) thread.join();
  for (const Failure& failure : failures) EXPECT_EQ(failure.message, "");
  auto connection = connect();
  EXPECT_EQ(connection.run("SELECT count(*) FROM gennaker_migrations WHERE number > 0").integer(0, 0),
            postgres::known_schema());
  EXPECT_EQ(connection.run("SELECT count(*) FROM feed_head").integer(0, 0), 1);
}

TEST_F(Postgres, RefusesANewerVersion) {
  open_postgres(url_).reset();
  run_sql("INSERT INTO gennaker_migrations(number) VALUES(1000)");
  const Failure failure = failure_of_opening();
  EXPECT_EQ(failure.kind, Kind::invalid);
  EXPECT_NE(failure.message.find("newer version of Gennaker (schema 1000"), std::string::npos)
      << failure.message;
}

TEST_F(Postgres, RefusesAnotherProgramsDatabaseAndLeavesItAlone) {
  run_sql("CREATE TABLE stages(theirs integer)");
  const Failure failure = failure_of_opening();
  EXPECT_EQ(failure.kind, Kind::invalid);
  EXPECT_NE(failure.message.find("another program"), std::string::npos) << failure.message;
  EXPECT_EQ(connect().run("SELECT to_regclass('executions') IS NULL").truth(0, 0), true) << "all or nothing";
}

TEST_F(Postgres, RefusesADatabaseThatCannotHoldEveryText) {
  const std::string name = database_of(place_.path()) + "_latin";
  testing::run_as_superuser(
      server_folder(), "postgres",
      fmt::format("CREATE DATABASE {} OWNER gennaker ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", name));
  url_ = testing::postgres_url(server_folder(), name);
  const Failure failure = failure_of_opening();
  EXPECT_EQ(failure.kind, Kind::invalid);
  EXPECT_NE(failure.message.find("UTF8"), std::string::npos) << failure.message;
}

TEST_F(Postgres, SaysWhichRightIsMissing) {
  testing::run_as_superuser(server_folder(), "postgres",
                            "DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN");
  url_.replace(url_.find("gennaker@"), 8, "guest");
  const Failure failure = failure_of_opening();
  EXPECT_EQ(failure.kind, Kind::invalid);
  EXPECT_NE(failure.message.find("owner"), std::string::npos) << failure.message;
}

// --- secrets --------------------------------------------------------------------------------------

TEST_F(Postgres, TakesPasswordsFromTheUrlOrAFileAndNeverTellsThem) {
  const auto rules = server_folder() / "data" / "pg_hba.conf";
  std::ostringstream before;
  before << std::ifstream(rules).rdbuf();
  std::ofstream(rules) << "local all guarded scram-sha-256\n" << before.str();
  testing::run_as_superuser(server_folder(), "postgres",
                            "CREATE ROLE guarded LOGIN PASSWORD 'p@ss/word'; SELECT pg_reload_conf();"
                            "GRANT gennaker TO guarded");
  testing::run_as_superuser(server_folder(), database_of(place_.path()),
                            "GRANT CREATE ON SCHEMA public TO guarded");
  const std::string open_url = url_;
  url_.replace(url_.find("gennaker@"), 9, "guarded:wrong-secret@");
  const Failure failure = failure_of_opening();
  EXPECT_EQ(failure.kind, Kind::invalid) << "waiting is of no use";
  EXPECT_NE(failure.message.find("check user and password"), std::string::npos) << failure.message;
  EXPECT_EQ(failure.message.find("wrong-secret"), std::string::npos) << failure.message;

  url_ = open_url;
  url_.replace(url_.find("gennaker@"), 9, "guarded:p%40ss%2Fword@");
  EXPECT_EQ(failure_of_opening().message, "");

  url_ = open_url;
  url_.replace(url_.find("gennaker@"), 9, "guarded@");
  EXPECT_EQ(failure_of_opening().kind, Kind::invalid) << "none at all";
  const auto file = place_.path() / "passwords";
  std::ofstream(file) << "*:*:*:guarded:p@ss/word\n";
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  setenv("PGPASSFILE", file.c_str(), 1);
  EXPECT_EQ(failure_of_opening().message, "");
  unsetenv("PGPASSFILE");
}

// --- when the database goes away ------------------------------------------------------------------

TEST_F(Postgres, GoesOnAfterTheDatabaseWasRestarted) {
  using Stop = testing::PostgresServer::Stop;
  const auto store = open_postgres(url_);
  result_of(store->commit(document("before")));
  EXPECT_TRUE(result_of(store->document("pipeline", "before")));
  for (const Stop how : {Stop::in_order, Stop::as_by_power_failure}) {
    own_server()->stop(how);
    EXPECT_EQ(failure_of([&] { result_of(store->commit(document("meanwhile"))); }).kind, Kind::unavailable);
    EXPECT_EQ(failure_of([&] { result_of(store->document("pipeline", "before")); }).kind, Kind::unavailable);
    own_server()->start();
    EXPECT_TRUE(result_of(store->document("pipeline", "before")));
    EXPECT_FALSE(result_of(store->document("pipeline", "meanwhile")));
    result_of(store->commit(document("after")));
    // And when nobody noticed that it was away:
    own_server()->stop(how);
    own_server()->start();
    result_of(store->commit(document("later")));
    EXPECT_TRUE(result_of(store->document("pipeline", "later")));
  }
}

TEST_F(Postgres, DoesNotWaitForEverForAnAnswer) {
  const auto store = open_postgres(url_, {.answer_patience = milliseconds(300)});
  result_of(store->commit(document("before")));
  auto intruder = connect();
  intruder.run_script("BEGIN; LOCK TABLE documents");
  const Failure write = failure_of([&] { result_of(store->commit(document("meanwhile"))); });
  EXPECT_EQ(write.kind, Kind::unavailable);
  EXPECT_NE(write.message.find("no answer within"), std::string::npos) << write.message;
  EXPECT_EQ(failure_of([&] { result_of(store->document("pipeline", "before")); }).kind, Kind::unavailable);
  // Nor does what it has given up keep the locks of its transaction.
  auto watcher = connect();
  const auto held_up = [&] {
    return watcher.run("SELECT count(*) FROM pg_locks WHERE relation = 'document_lock'::regclass AND granted")
        .integer(0, 0);
  };
  while (held_up() > 0) std::this_thread::yield();
  intruder.run("ROLLBACK");
  result_of(store->commit(document("after")));
  EXPECT_TRUE(result_of(store->document("pipeline", "before")));
  EXPECT_FALSE(result_of(store->document("pipeline", "meanwhile")));
}

Async<void> commit_until_told(Store& store, int lane, std::atomic<bool>& enough,
                              std::set<std::string>& written, int& unavailable) {
  for (int i = 0; !enough; ++i) {
    const std::string id = fmt::format("{}-{}", lane, i);
    Changes changes = document(id);
    try {
      co_await store.commit(std::move(changes));
      written.insert(id);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::unavailable) << error.what();
      ++unavailable;
    }
  }
}

TEST_F(Postgres, LosesNothingWhenTheDatabaseIsRestartedUnderLoad) {
  using Stop = testing::PostgresServer::Stop;
  const auto store = open_postgres(url_);
  std::atomic<std::size_t> heard = 0;
  std::uint64_t last = 0;
  store->on_feed([&](const std::vector<FeedEntry>& entries) {
    for (const FeedEntry& entry : entries) {
      EXPECT_EQ(entry.sequence, last + 1) << "told in order, and none left out";
      last = entry.sequence;
      ++heard;
    }
  });
  std::set<std::string> written;
  int unavailable = 0;
  std::atomic<bool> enough = false;
  std::thread committing([&] {
    base::asio::io_context context;
    for (int lane = 0; lane < 8; ++lane) {
      auto one = commit_until_told(*store, lane, enough, written, unavailable);
      base::asio::co_spawn(context, std::move(one), base::asio::detached);
    }
    context.run();
  });
  const auto await_news = [&](std::size_t more) {
    const std::size_t wanted = heard + more;
    while (heard < wanted) std::this_thread::yield();
  };
  for (const Stop how : {Stop::as_by_power_failure, Stop::in_order, Stop::as_by_power_failure}) {
    await_news(50);
    own_server()->stop(how);
    own_server()->start();
  }
  await_news(50);
  enough = true;
  committing.join();
  EXPECT_GT(unavailable, 0);
  for (const std::string& id : written) EXPECT_TRUE(result_of(store->document("pipeline", id))) << id;
  EXPECT_EQ(result_of(store->feed_range()).newest, heard) << "also what was committed and not answered";
}

// --- what goes with what --------------------------------------------------------------------------

TEST_F(Postgres, RefusesWhatItCannotStoreAndNothingElseOfTheBatch) {
  const auto store = open_postgres(url_);
  std::vector<Changes> requests;
  for (int i = 0; i < 20; ++i) requests.push_back(changes_for(execution_of(fmt::format("e{}", i), 2)));
  requests[3].stages[0].execution_id = "nowhere";
  requests[7].executions[0].id = "nor here";
  std::vector<std::optional<Kind>> outcomes(requests.size());
  base::asio::io_context context;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    base::asio::co_spawn(context, store->commit(requests[i]), [&, i](std::exception_ptr error) {
      outcomes[i] = failure_of([&] {
                      if (error) std::rethrow_exception(error);
                    }).kind;
    });
  }
  context.run();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const bool bad = i == 3 || i == 7;
    EXPECT_EQ(outcomes[i], bad ? std::optional(Kind::invalid) : std::nullopt) << i;
    EXPECT_EQ(result_of(store->execution(fmt::format("e{}", i))).has_value(), !bad) << i;
  }
}

TEST_F(Postgres, StoresWhatIsNoText) {
  const auto store = open_postgres(url_);
  model::Execution execution = execution_of("e", 1);
  execution.name = std::string("zero\0", 5);
  execution.stages[0].outputs["log"] = "of a program: \xff\xfe";
  result_of(store->commit(changes_for(execution)));
  EXPECT_EQ(result_of(store->execution("e"))->stages[0].outputs.at("log"), "of a program: \ufffd\ufffd");
}

TEST_F(Postgres, LaterRowsOfABatchWin) {
  const auto store = open_postgres(url_);
  std::vector<Changes> requests;
  for (int round = 0; round < 30; ++round) {
    model::Execution execution = execution_of("e", 1);
    execution.stages[0].context["round"] = round;
    requests.push_back(changes_for(execution));
    if (round == 10) requests.back() = {.removed_executions = {"e"}};
    if (round == 20) requests.back() = {.removed_stages = {"e-0"}};
  }
  base::asio::io_context context;
  for (Changes& changes : requests)
    base::asio::co_spawn(context, store->commit(std::move(changes)), base::asio::detached);
  context.run();
  EXPECT_EQ(result_of(store->execution("e"))->stages.at(0).context.at("round"), 29);
}

TEST_F(Postgres, TwoServersCountOneFeedAndOneVersion) {
  // Each sees what the other has committed, and numbers become visible in their order.
  const auto first = open_postgres(url_), second = open_postgres(url_);
  std::atomic<bool> enough = false;
  std::set<std::string> written[2];
  int unavailable[2] = {0, 0};
  std::thread writing[2];
  for (int i = 0; i < 2; ++i) {
    writing[i] = std::thread([&, i] {
      base::asio::io_context context;
      for (int lane = 0; lane < 4; ++lane) {
        auto one =
            commit_until_told(i == 0 ? *first : *second, 10 * i + lane, enough, written[i], unavailable[i]);
        base::asio::co_spawn(context, std::move(one), base::asio::detached);
      }
      context.run();
    });
  }
  std::uint64_t cursor = 0;
  const auto third = open_postgres(url_);
  while (cursor < 500) {
    for (const FeedEntry& entry : result_of(third->feed(cursor, 100))) {
      ASSERT_EQ(entry.sequence, cursor + 1) << "a number became visible before an earlier one";
      cursor = entry.sequence;
    }
  }
  enough = true;
  for (auto& thread : writing) thread.join();
  EXPECT_EQ(unavailable[0] + unavailable[1], 0);

  for (int i = 0; i < 20; ++i) {
    Changes guarded = document("shared", i);
    guarded.expected.push_back({"pipeline", "shared", i});
    Changes late = guarded;
    result_of((i % 2 == 0 ? *first : *second).commit(std::move(guarded)));
    const Failure failure =
        failure_of([&] { result_of((i % 2 == 0 ? *second : *first).commit(std::move(late))); });
    EXPECT_EQ(failure.kind, Kind::conflict);
  }
}

TEST_F(Postgres, KeepsTheFeedWithinItsLimits) {
  const auto store =
      open_postgres(url_, {.feed_entries = 10, .feed_age = std::chrono::hours(24), .prune_every = 1});
  const auto publish = [&](base::TimePoint at) {
    Changes changes;
    changes.feed.push_back({.at = at, .kind = "execution", .subject = "e"});
    result_of(store->commit(changes));
  };
  const base::TimePoint start = base::from_millis(1'700'000'000'000);
  for (int i = 0; i < 30; ++i) publish(start);
  auto range = result_of(store->feed_range());
  EXPECT_EQ(range.newest, 30U);
  EXPECT_EQ(range.oldest, 20U) << "by number; what is too old goes with the next commit";
  publish(start + std::chrono::hours(25));
  publish(start + std::chrono::hours(25));
  range = result_of(store->feed_range());
  EXPECT_EQ(range.oldest, 31U) << "by age";
  EXPECT_EQ(range.newest, 32U);
}

// --- how rows are found ---------------------------------------------------------------------------

std::string plan_of(Connection& connection, const Statement& statement) {
  const auto rows = connection.run(statement.after("EXPLAIN (COSTS OFF) "));
  std::string plan;
  for (int row = 0; row < rows.rows(); ++row) plan += std::string(rows.text(row, 0)) + "\n";
  return plan;
}

TEST_F(Postgres, ListsFromIndexesWithoutSorting) {
  open_postgres(url_).reset();
  auto connection = connect();
  connection.run_script(
      "INSERT INTO executions SELECT 'e' || n, n % 2, CASE WHEN n % 50 = 0 THEN 'shop' ELSE 'app' || n % 40 "
      "END,"
      " 'config' || n % 200, CASE WHEN n % 1000 = 0 THEN 'c' || n ELSE '' END, n, n % 500 = 0,"
      " CASE WHEN n % 500 = 0 THEN 'RUNNING' ELSE 'SUCCEEDED' END, 'Deploy', n, n, '{}'"
      " FROM generate_series(1, 40000) AS n;"
      "INSERT INTO stages SELECT 's' || n, 'e' || n, 0, '{}', '{}' FROM generate_series(1, 40000) AS n;"
      "INSERT INTO documents SELECT 'pipeline', 'd' || n / 4, n % 4 + 1, 'app' || n % 400, n % 4 = 3, false, "
      "0, '',"
      " '{}' FROM generate_series(4, 20003) AS n;"
      "INSERT INTO feed SELECT n, n, 'execution', 'shop', 'e' || n, '{}' FROM generate_series(1, 20000) AS n;"
      "ANALYZE");
  const std::vector<ExecutionQuery> queries{
      {},
      {.oldest_first = true},
      {.application = "shop"},
      {.type = model::ExecutionType::pipeline, .application = "shop"},
      {.pipeline_config_ids = {"config1", "config2"}},
      {.pipeline_config_ids = {"config1"}, .statuses = {model::Status::succeeded}},
      {.pipeline_config_ids = {"config0"}, .statuses = {model::Status::running, model::Status::paused}},
      {.application = "shop", .oldest_first = true},
  };
  for (const ExecutionQuery& query : queries) {
    const std::string plan = plan_of(connection, postgres::execution_search(query));
    EXPECT_EQ(plan.find("Seq Scan"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("Sort"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("Bitmap"), std::string::npos) << plan;
  }
  // What is few may be sorted, but not searched for among all.
  const std::vector<ExecutionQuery> few{
      {.application = "shop", .statuses = {model::Status::running}},
      {.statuses = {model::Status::running}},
      {.correlation_id = "c1000"},
      {.pipeline_config_ids = {"config0"}, .correlation_id = "c1000"},
  };
  for (const ExecutionQuery& query : few) {
    const std::string plan = plan_of(connection, postgres::execution_search(query));
    EXPECT_EQ(plan.find("Seq Scan"), std::string::npos) << plan;
    const bool by_few = plan.find("unfinished_by") != std::string::npos ||
                        plan.find("executions_by_correlation") != std::string::npos;
    EXPECT_TRUE(by_few) << plan;
  }
  for (const char* sql :
       {"SELECT id FROM executions WHERE active ORDER BY id",
        "SELECT (SELECT min(sequence) FROM feed), (SELECT max(sequence) FROM feed)",
        "SELECT body FROM feed WHERE sequence > 7 ORDER BY sequence LIMIT 10",
        "SELECT outline FROM stages WHERE execution_id = ANY('{e1,e2}')",
        "SELECT body FROM documents WHERE kind = 'pipeline' AND id = 'd77' AND current",
        "SELECT body FROM documents WHERE kind = 'pipeline' AND scope = 'app7' AND current ORDER BY id",
        "SELECT body FROM documents WHERE kind = 'pipeline' AND id = 'd77' ORDER BY version DESC LIMIT 5"}) {
    const std::string plan = plan_of(connection, Statement(sql));
    EXPECT_EQ(plan.find("Seq Scan"), std::string::npos) << sql << "\n" << plan;
  }
}

}  // namespace
}  // namespace gennaker::store
