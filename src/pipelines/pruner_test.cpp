#include "pipelines/pruner.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/virtual_clock.h"
#include "store/memory/memory_store.h"
#include "store/store_contract.h"
#include "testing/builders.h"
#include "testing/run_async.h"

namespace gennaker::pipelines {
namespace {

using model::Status;
using std::chrono::days;
using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Pruning : public ::testing::Test {
 protected:
  Pruning() { clock_.advance_to(base::TimePoint(days(1000))); }

  model::Execution made(const std::string& id, days age, const std::string& config = "main",
                        Status status = Status::succeeded) {
    model::Execution execution = testing::execution({{.type = "wait"}});
    execution.id = id;
    execution.application = application_;
    execution.pipeline_config_id = config;
    execution.build_time = clock_.now() - age;
    execution.status = status;
    execution.stages[0].status = status;
    execution.stages[0].id = id + "-1";
    return execution;
  }
  void add(const model::Execution& execution) {
    testing::run_async(io_, store_.commit(store::changes_for(execution)));
  }
  void add(const std::string& id, days age, const std::string& config = "main",
           Status status = Status::succeeded) {
    add(made(id, age, config, status));
  }

  void save_pipeline(const std::string& id) {
    store::Changes changes;
    changes.documents.push_back({.kind = "pipeline", .id = id, .scope = application_, .body = {{"id", id}}});
    testing::run_async(io_, store_.commit(std::move(changes)));
  }

  void prune(RetentionRules rules, const std::vector<model::Execution>& ended = {}) {
    Pruner pruner(store_, clock_, std::move(rules));
    for (const model::Execution& execution : ended) pruner.on_end(execution);
    steps_ = 0;
    while (testing::run_async(io_, pruner.step()) < std::chrono::seconds(1)) ++steps_;
  }

  std::vector<std::string> left() {
    store::ExecutionQuery query;
    query.limit = 10'000;
    query.oldest_first = true;
    std::vector<std::string> ids;
    const auto all = testing::run_async(io_, store_.executions(std::move(query), model::Detail::outline));
    for (const model::Execution& execution : all) ids.push_back(execution.id);
    return ids;
  }

  boost::asio::io_context io_;
  base::VirtualClock clock_;
  store::MemoryStore store_;
  std::string application_ = "shop";
  int steps_ = 0;
};

TEST_F(Pruning, KeepsAllUnlessItIsTold) {
  add("a", days(900));
  prune({}, {made("a", days(900))});
  EXPECT_THAT(left(), ElementsAre("a"));
}

TEST_F(Pruning, RemovesWhatIsOldAndAtRest) {
  add("old", days(31));
  add("running", days(40), "main", Status::running);
  add("waiting", days(50), "main", Status::not_started);
  add("task", days(60), "");
  add("young", days(29));
  prune({.everywhere = {.age = days(30), .at_least = 0}});
  EXPECT_THAT(left(), ElementsAre("waiting", "running", "young"));
}

TEST_F(Pruning, KeepsTheNewestOfEachPipelineWhateverTheirAge) {
  for (const char* pipeline : {"a", "b"}) {
    for (int i = 1; i <= 4; ++i) add(pipeline + std::to_string(i), days(30 + i), pipeline);
  }
  add("task", days(100), "");
  prune({.everywhere = {.age = days(30), .at_least = 2}});
  EXPECT_THAT(left(), ElementsAre("a2", "b2", "a1", "b1"));
}

TEST_F(Pruning, KeepsSoManyOfAPipelineOnceOneOfItsRunsHasEnded) {
  for (int i = 1; i <= 5; ++i) add("a" + std::to_string(i), days(i), "a");
  add("a6", days(6), "a", Status::running);
  for (int i = 1; i <= 5; ++i) add("b" + std::to_string(i), days(i), "b");
  const RetentionRules rules{.everywhere = {.per_pipeline = 3}};
  prune(rules);
  EXPECT_EQ(left().size(), 11u);
  prune(rules, {made("a1", days(1), "a")});
  EXPECT_THAT(left(), ElementsAre("a6", "b5", "b4", "a3", "b3", "a2", "b2", "a1", "b1"));
}

TEST_F(Pruning, LooksAtAllPipelinesOnceAtTheStart) {
  for (const char* pipeline : {"a", "b"}) {
    save_pipeline(pipeline);
    for (int i = 1; i <= 120; ++i) add(pipeline + std::to_string(i), days(i), pipeline);
  }
  prune({.everywhere = {.per_pipeline = 2}});
  EXPECT_THAT(left(), ElementsAre("a2", "b2", "a1", "b1"));
}

TEST_F(Pruning, AnApplicationHasRulesOfItsOwn) {
  const RetentionRules rules{.everywhere = {.age = days(30), .at_least = 0},
                             .of_application = {{"demo", {.age = days(2), .at_least = 0}}, {"bank", {}}}};
  for (const char* application : {"Demo", "shop", "Bank"}) {
    application_ = application;
    for (const int age : {1, 10, 100}) add(application_ + std::to_string(age), days(age));
  }
  prune(rules);
  EXPECT_THAT(left(), ElementsAre("Bank100", "Bank10", "shop10", "Bank1", "Demo1", "shop1"));
}

TEST_F(Pruning, GoesInSmallStepsThroughMuch) {
  for (int i = 0; i < 500; ++i) {
    add("old" + std::to_string(i), days(100 + i), "p" + std::to_string(i % 3),
        i % 7 == 0 ? Status::running : Status::succeeded);
  }
  prune({.everywhere = {.age = days(30), .at_least = 2}});
  EXPECT_EQ(left().size(), 500u / 7 + 1 + 6 - 1) << "what runs, and the newest two of each; old0 is both";
  EXPECT_GE(steps_, 10);
}

}  // namespace
}  // namespace gennaker::pipelines
